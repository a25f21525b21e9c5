//! The document around the pages.

use crate::app::App;
use crate::context::{request, state};
use crate::pages::SplitPage;
use crate::text::Text;
use http::request::Parts;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// The stream stays open until the server ends; the browser opens it again at the next one.
const RELOAD: &str = "let opened=0;new EventSource('/reload').onopen=()=>opened++&&location.reload()";

/// The whole document of a request; `AppState` and the request's parts are in the context.
pub fn shell() -> impl IntoView {
    let (state, request) = (state(), request());
    let site = &state.site;
    let lang = request.as_ref().map(|request| request.lang).unwrap_or_default();
    let words = &Text::of(lang).board.home;
    let description = [words.headline, words.promise].join(" ");
    let theme = request.as_ref().and_then(|request| request.theme);
    let scheme = theme.unwrap_or("light dark");
    let page_trace = request.and_then(|request| request.page_trace);
    let (traceparent, document) = page_trace.map(|trace| (trace.traceparent, trace.document_load)).unzip();
    let recording = site.recording.clone();
    // What the page's own file needs comes beside the main one, not after it.
    let file = use_context::<Parts>().and_then(|parts| SplitPage::at(parts.uri.path()));
    let page_files = file.and_then(|page| site.pages.get(page.file().name())).cloned().unwrap_or_default();
    let wasm_files = std::iter::once(site.wasm.clone()).chain(page_files).map(|url| {
        view! { <link rel="preload" href=url r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/> }
    });
    // Leptos's own tag reads the names of the files from disk; ours are embedded.
    let start = format!(
        "import({:?}).then(m=>m.default({{module_or_path:{:?}}}).then(()=>m.hydrate(location.pathname)))",
        site.script, site.wasm
    );
    view! {
        <!DOCTYPE html>
        <html lang=lang.tag() data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="description" content=description/>
                <meta name="color-scheme" content=scheme/>
                {recording.map(|value| view! { <meta name="glassboard-recording" content=value/> })}
                {traceparent.map(|value| view! { <meta name="traceparent" content=value/> })}
                {document.map(|value| view! { <meta name="glassboard-document" content=value/> })}
                <link rel="stylesheet" href=site.style.clone()/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                // Under strict-dynamic, what is loaded early needs the nonce too.
                <link rel="modulepreload" href=site.script.clone() nonce=use_nonce()/>
                {wasm_files.collect_view()}
                <script type="module" nonce=use_nonce()>
                    {start}
                </script>
                {site.live_reload.then(|| view! { <script nonce=use_nonce()>{RELOAD}</script> })}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
