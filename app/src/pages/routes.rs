//! Which file a page's code is in. The board itself comes with the frame; the other pages are in files that the browser
//! loads when it needs them, one for each group of pages that share code. On the server nothing is split.
#![allow(unsafe_code, reason = "what `wasm_split` writes imports the pages' code from another WASM module")]

use super::account::AccountPage;
use super::login::LoginPage;
use super::observe::{
    CachePage, FaultsPage, LogsPage, MessagingPage, StatisticsPage, StatusPage, TracePage, TracesPage,
};
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
    Statistics,
    Messaging,
    Cache,
    Status,
    Faults,
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
            "/statistics" => Self::Statistics,
            "/messaging" => Self::Messaging,
            "/cache" => Self::Cache,
            "/status" => Self::Status,
            "/faults" => Self::Faults,
            path if path.starts_with("/traces/") => Self::Trace,
            _ => return None,
        })
    }

    #[must_use]
    pub const fn file(self) -> PageFile {
        match self {
            Self::Login | Self::Register | Self::Account => PageFile::Door,
            Self::Search | Self::Samples => PageFile::Search,
            Self::Traces
            | Self::Trace
            | Self::Logs
            | Self::Statistics
            | Self::Messaging
            | Self::Cache
            | Self::Status
            | Self::Faults => PageFile::Observe,
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
        let way_out = WayOut::new();
        let page = match self.file() {
            PageFile::Door => door(self).await,
            PageFile::Search => search(self).await,
            PageFile::Observe => observe(self).await,
        };
        if let Ok(page) = page {
            return page;
        }
        way_out.take().await
    }

    async fn preload(&self) {
        // `choose` sees for itself how it ends.
        let _ = self.file().load().await;
    }
}

/// What is left when a page's file can't be had.
struct WayOut {
    #[cfg(feature = "hydrate")]
    address: String,
    #[cfg(feature = "hydrate")]
    try_again: &'static str,
}

impl WayOut {
    fn new() -> Self {
        #[cfg(feature = "hydrate")]
        let location = leptos_router::hooks::use_location();
        Self {
            #[cfg(feature = "hydrate")]
            address: {
                let (path, search) = (location.pathname.get_untracked(), location.search.get_untracked());
                if search.is_empty() { path } else { format!("{path}?{search}") }
            },
            #[cfg(feature = "hydrate")]
            try_again: crate::text::use_text().common.try_again,
        }
    }

    /// A server that answers has another build by now: the address is loaded anew, which brings its files. One that
    /// doesn't is told of here, where it can be tried again.
    #[cfg(feature = "hydrate")]
    async fn take(self) -> AnyView {
        if crate::web::answers("/health/live").await
            && let Some(window) = crate::web::window()
            && window.location().assign(&self.address).is_ok()
        {
            return std::future::pending().await;
        }
        let error = model::BoardError::from(model::Code::NoAnswer);
        view! {
            <div class="column">
                <crate::components::ErrorNote error/>
                <p><a href=self.address rel="external">{self.try_again}</a></p>
            </div>
        }
        .into_any()
    }

    #[cfg(not(feature = "hydrate"))]
    async fn take(self) -> AnyView {
        std::future::pending().await
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
        SplitPage::Statistics => view! { <StatisticsPage/> }.into_any(),
        SplitPage::Messaging => view! { <MessagingPage/> }.into_any(),
        SplitPage::Cache => view! { <CachePage/> }.into_any(),
        SplitPage::Faults => view! { <FaultsPage/> }.into_any(),
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
            ("/statistics", SplitPage::Statistics, PageFile::Observe),
            ("/traces/4bf92f3577b34da6a3ce929d0e0e4736", SplitPage::Trace, PageFile::Observe),
        ] {
            assert_eq!(SplitPage::at(path).map(|page| (page, page.file())), Some((page, file)), "{path}");
        }
        for path in ["/", "/messages", "/nowhere"] {
            assert_eq!(SplitPage::at(path), None, "{path}");
        }
    }
}
