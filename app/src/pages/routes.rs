//! Which file a page's code is in. The board itself comes with the frame; the other pages are in files that the browser
//! loads when it needs them, one for each group of pages that share code. On the server nothing is split.
#![allow(unsafe_code, reason = "what `wasm_split` writes imports the pages' code from another WASM module")]

use super::account::AccountPage;
use super::login::LoginPage;
use super::observe::{LogsPage, StatusPage, TracePage, TracesPage};
use super::register::RegisterPage;
use super::samples::SamplesPage;
use super::search::SearchPage;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use leptos_router::ChooseView;

/// A page that is not in the main file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitPage {
    Login,
    Register,
    Account,
    Search,
    Samples,
    Traces,
    Trace,
    Logs,
    Status,
}

/// The files, as `wasm-split` and `pkg/pages.json` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFile {
    Door,
    Search,
    Observe,
}

impl SplitPage {
    /// The page at a path; `None` where the main file has all that is needed.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Some(match path.trim_end_matches('/') {
            "/login" => Self::Login,
            "/register" => Self::Register,
            "/account" => Self::Account,
            "/search" => Self::Search,
            "/samples" => Self::Samples,
            "/traces" => Self::Traces,
            "/logs" => Self::Logs,
            "/status" => Self::Status,
            path if path.starts_with("/traces/") => Self::Trace,
            _ => return None,
        })
    }

    #[must_use]
    pub const fn file(self) -> PageFile {
        match self {
            Self::Login | Self::Register | Self::Account => PageFile::Door,
            Self::Search | Self::Samples => PageFile::Search,
            Self::Traces | Self::Trace | Self::Logs | Self::Status => PageFile::Observe,
        }
    }
}

impl PageFile {
    #[cfg(feature = "ssr")]
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Search => "search",
            Self::Observe => "observe",
        }
    }

    /// Loads the file, unless it has been.
    ///
    /// # Errors
    /// When it can't be had: there is no network, or the server has files of another build by now.
    pub async fn load(self) -> Result<(), SplitLoaderError> {
        match self {
            Self::Door => load_door().await,
            Self::Search => load_search().await,
            Self::Observe => load_observe().await,
        }
    }
}

impl ChooseView for SplitPage {
    async fn choose(self) -> AnyView {
        let leave = leave_to_browser();
        let page = match self.file() {
            PageFile::Door => door(self).await,
            PageFile::Search => search(self).await,
            PageFile::Observe => observe(self).await,
        };
        if let Ok(page) = page {
            return page;
        }
        leave();
        std::future::pending().await
    }

    async fn preload(&self) {
        // `choose` sees for itself how it ends.
        let _ = self.file().load().await;
    }
}

/// Loads the address anew, which also brings the files of a new build.
fn leave_to_browser() -> impl FnOnce() {
    #[cfg(feature = "hydrate")]
    let location = leptos_router::hooks::use_location();
    move || {
        #[cfg(feature = "hydrate")]
        if let Some(window) = crate::web::window() {
            let (path, search) = (location.pathname.get_untracked(), location.search.get_untracked());
            let address = if search.is_empty() { path } else { format!("{path}?{search}") };
            let _ = window.location().assign(&address);
        }
    }
}

#[wasm_split(door, wasm_split_path = leptos::wasm_split, preload(load_door), fallible)]
fn door(page: SplitPage) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        SplitPage::Login => view! { <LoginPage/> }.into_any(),
        SplitPage::Register => view! { <RegisterPage/> }.into_any(),
        _ => view! { <AccountPage/> }.into_any(),
    })
}

#[wasm_split(search, wasm_split_path = leptos::wasm_split, preload(load_search), fallible)]
fn search(page: SplitPage) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        SplitPage::Search => view! { <SearchPage/> }.into_any(),
        _ => view! { <SamplesPage/> }.into_any(),
    })
}

#[wasm_split(observe, wasm_split_path = leptos::wasm_split, preload(load_observe), fallible)]
fn observe(page: SplitPage) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        SplitPage::Traces => view! { <TracesPage/> }.into_any(),
        SplitPage::Trace => view! { <TracePage/> }.into_any(),
        SplitPage::Logs => view! { <LogsPage/> }.into_any(),
        _ => view! { <StatusPage/> }.into_any(),
    })
}

#[cfg(test)]
mod tests {
    use super::{PageFile, SplitPage};

    #[test]
    fn a_path_names_its_page_and_the_page_its_file() {
        for (path, page, file) in [
            ("/login", SplitPage::Login, PageFile::Door),
            ("/search/", SplitPage::Search, PageFile::Search),
            ("/traces", SplitPage::Traces, PageFile::Observe),
            ("/traces/4bf92f3577b34da6a3ce929d0e0e4736", SplitPage::Trace, PageFile::Observe),
        ] {
            assert_eq!(SplitPage::at(path).map(|page| (page, page.file())), Some((page, file)), "{path}");
        }
        for path in ["/", "/messages", "/nowhere"] {
            assert_eq!(SplitPage::at(path), None, "{path}");
        }
    }
}
