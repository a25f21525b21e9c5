//! The browser's entry: telemetry first, then the app.

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server has rendered. Panics are reported on the action they happen in.
#[wasm_bindgen]
pub fn hydrate() {
    let hydration = telemetry::browser::start();
    leptos::mount::hydrate_lazy(app::App);
    hydration.end();
}
