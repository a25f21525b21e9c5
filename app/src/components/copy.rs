use crate::text::use_text;
use leptos::prelude::*;

/// Copies `value`; without JavaScript there is nothing to press.
#[component]
pub fn CopyButton(#[prop(into)] value: String) -> impl IntoView {
    let words = &use_text().common.error;
    let copied = RwSignal::new(false);
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        if let Some(window) = crate::web::window() {
            let _ = window.navigator().clipboard().write_text(&value);
        }
        let _ = &value;
        copied.set(true);
    };
    view! {
        <button type="button" class="copy needs-script" on:click=copy>
            {move || if copied.get() { words.copied } else { words.copy }}
        </button>
    }
}
