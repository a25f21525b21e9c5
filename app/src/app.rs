use crate::clock::provide_clock;
use crate::layout::Layout;
use crate::live::provide_live;
use crate::pages::{HomePage, MessagesPage, NotFoundPage, Split};
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
                    <Route path=path!("/") view=HomePage ssr=SsrMode::Async/>
                    <Route path=path!("/login") view=Split::Login ssr=SsrMode::Async/>
                    <Route path=path!("/register") view=Split::Register ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=Split::Account ssr=SsrMode::Async/>
                    <Route path=path!("/messages") view=MessagesPage ssr=SsrMode::Async/>
                    <Route path=path!("/search") view=Split::Search ssr=SsrMode::Async/>
                    <Route path=path!("/samples") view=Split::Samples ssr=SsrMode::Async/>
                    <Route path=path!("/traces") view=Split::Traces ssr=SsrMode::Async/>
                    <Route path=path!("/traces/:id") view=Split::Trace ssr=SsrMode::Async/>
                    <Route path=path!("/logs") view=Split::Logs ssr=SsrMode::Async/>
                    <Route path=path!("/status") view=Split::Status ssr=SsrMode::Async/>
                </FlatRoutes>
            </Layout>
        </Router>
    }
}
