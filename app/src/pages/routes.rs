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

/// A page in a file of its own.
#[derive(Clone, Copy)]
pub enum Split {
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

impl ChooseView for Split {
    async fn choose(self) -> AnyView {
        let view = match self {
            Self::Login | Self::Register | Self::Account => door(self).await,
            Self::Search | Self::Samples => search(self).await,
            Self::Traces | Self::Trace | Self::Logs | Self::Status => observe(self).await,
        };
        match view {
            Ok(view) => view,
            Err(_) => std::future::pending().await,
        }
    }

    async fn preload(&self) {}
}

#[wasm_split(door, wasm_split_path = leptos::wasm_split, fallible)]
fn door(page: Split) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Split::Login => view! { <LoginPage/> }.into_any(),
        Split::Register => view! { <RegisterPage/> }.into_any(),
        _ => view! { <AccountPage/> }.into_any(),
    })
}

#[wasm_split(search, wasm_split_path = leptos::wasm_split, fallible)]
fn search(page: Split) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Split::Search => view! { <SearchPage/> }.into_any(),
        _ => view! { <SamplesPage/> }.into_any(),
    })
}

#[wasm_split(observe, wasm_split_path = leptos::wasm_split, fallible)]
fn observe(page: Split) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Split::Traces => view! { <TracesPage/> }.into_any(),
        Split::Trace => view! { <TracePage/> }.into_any(),
        Split::Logs => view! { <LogsPage/> }.into_any(),
        _ => view! { <StatusPage/> }.into_any(),
    })
}
