//! The browser's entry: telemetry first, then the app.

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server has rendered, at `path`. Panics are reported on the action they happen in.
#[wasm_bindgen]
pub async fn hydrate(path: String) {
    let hydration = telemetry::browser::start();
    match app::load_page(&path).await {
        Ok(()) => leptos::mount::hydrate_body(app::App),
        // Links and forms go on working, as without scripts.
        Err(error) => tracing::error!(%error, "the page's code is missing"),
    }
    hydration.end();
}
