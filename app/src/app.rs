use crate::clock::provide_clock;
use crate::layout::Layout;
use crate::live::provide_live;
use crate::pages::{self, NotFoundPage};
use crate::session::provide_session;
use crate::text::provide_text;
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{Lazy, SsrMode, path};

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
                    <Route path=path!("/") view={Lazy::<pages::Home>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/login") view={Lazy::<pages::Login>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/register") view={Lazy::<pages::Register>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/account") view={Lazy::<pages::Account>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/messages") view={Lazy::<pages::Messages>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/search") view={Lazy::<pages::Search>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/samples") view={Lazy::<pages::Samples>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/traces") view={Lazy::<pages::Traces>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/traces/:id") view={Lazy::<pages::Trace>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/logs") view={Lazy::<pages::Logs>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/status") view={Lazy::<pages::Status>::new()} ssr=SsrMode::Async/>
                </FlatRoutes>
            </Layout>
        </Router>
    }
}
