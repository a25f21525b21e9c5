use crate::clock::provide_clock;
use crate::layout::Layout;
use crate::live::provide_live;
use crate::pages::observe::{LogsPage, StatusPage, TracePage, TracesPage};
use crate::pages::{
    AccountPage, HomePage, LoginPage, MessagesPage, NotFoundPage, RegisterPage, SamplesPage, SearchPage,
};
use crate::session::provide_session;
use crate::text::provide_text;
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

/// The whole UI. Every page waits for its data on the server, so that it is complete without JavaScript.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_text();
    provide_clock();
    let session = provide_session();
    provide_live(session);
    view! {
        <Router>
            <Layout>
                <FlatRoutes fallback=|| view! { <NotFoundPage/> }.into_any()>
                    <Route path=path!("/") view=|| view! { <HomePage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/login") view=|| view! { <LoginPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/register") view=|| view! { <RegisterPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=|| view! { <AccountPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/messages") view=|| view! { <MessagesPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/search") view=|| view! { <SearchPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/samples") view=|| view! { <SamplesPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/traces") view=|| view! { <TracesPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/traces/:id") view=|| view! { <TracePage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/logs") view=|| view! { <LogsPage/> }.into_any() ssr=SsrMode::Async/>
                    <Route path=path!("/status") view=|| view! { <StatusPage/> }.into_any() ssr=SsrMode::Async/>
                </FlatRoutes>
            </Layout>
        </Router>
    }
}
