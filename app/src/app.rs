use crate::clock::provide_clock;
use crate::components::life;
use crate::layout::Layout;
use crate::live::provide_live;
use crate::pages::{HomePage, MessagesPage, NotFoundPage, SplitPage};
use crate::session::provide_session;
use crate::text::provide_text;
use crate::title::provide_title;
use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

/// Loads the code of the page at `path`, so that the page can come alive at once: what is on it must not change before.
///
/// # Errors
/// When it can't be had. The page then stays as the server sent it, which works without scripts.
#[cfg(feature = "hydrate")]
pub async fn load_page(path: &str) -> Result<(), leptos::wasm_split::SplitLoaderError> {
    match SplitPage::at(path) {
        Some(page) => page.file().load().await,
        None => Ok(()),
    }
}

/// The whole UI. Every page waits for its data on the server, so that it is complete without JavaScript.
#[component]
pub fn App() -> impl IntoView {
    life("App");
    provide_title();
    provide_text();
    provide_clock();
    let session = provide_session();
    provide_live(session);
    view! {
        <Router>
            <Layout>
                <FlatRoutes fallback=|| view! { <NotFoundPage/> }.into_any()>
                    <Route path=path!("/") view=HomePage ssr=SsrMode::Async/>
                    <Route path=path!("/login") view=SplitPage::Login ssr=SsrMode::Async/>
                    <Route path=path!("/register") view=SplitPage::Register ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=SplitPage::Account ssr=SsrMode::Async/>
                    <Route path=path!("/messages") view=MessagesPage ssr=SsrMode::Async/>
                    <Route path=path!("/search") view=SplitPage::Search ssr=SsrMode::Async/>
                    <Route path=path!("/samples") view=SplitPage::Samples ssr=SsrMode::Async/>
                    <Route path=path!("/traces") view=SplitPage::Traces ssr=SsrMode::Async/>
                    <Route path=path!("/traces/:id") view=SplitPage::Trace ssr=SsrMode::Async/>
                    <Route path=path!("/logs") view=SplitPage::Logs ssr=SsrMode::Async/>
                    <Route path=path!("/statistics") view=SplitPage::Statistics ssr=SsrMode::Async/>
                    <Route path=path!("/messaging") view=SplitPage::Messaging ssr=SsrMode::Async/>
                    <Route path=path!("/cache") view=SplitPage::Cache ssr=SsrMode::Async/>
                    <Route path=path!("/status") view=SplitPage::Status ssr=SsrMode::Async/>
                    <Route path=path!("/faults") view=SplitPage::Faults ssr=SsrMode::Async/>
                </FlatRoutes>
            </Layout>
        </Router>
    }
}
