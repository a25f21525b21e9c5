//! Each page's code is a file of its own, which the browser loads when it needs the page. On the server nothing is split.
#![allow(unsafe_code, reason = "what `lazy_route` writes imports the page's code from another WASM module")]

use super::account::AccountPage;
use super::home::HomePage;
use super::login::LoginPage;
use super::messages::MessagesPage;
use super::observe::{LogsPage, StatusPage, TracePage, TracesPage};
use super::register::RegisterPage;
use super::samples::SamplesPage;
use super::search::SearchPage;
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

macro_rules! pages {
    ($($route:ident => $page:ident),+ $(,)?) => {$(
        pub struct $route;

        #[lazy_route]
        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            fn view(_this: Self) -> AnyView {
                view! { <$page/> }.into_any()
            }
        }
    )+};
}

pages! {
    Home => HomePage,
    Login => LoginPage,
    Register => RegisterPage,
    Account => AccountPage,
    Messages => MessagesPage,
    Search => SearchPage,
    Samples => SamplesPage,
    Traces => TracesPage,
    Trace => TracePage,
    Logs => LogsPage,
    Status => StatusPage,
}
