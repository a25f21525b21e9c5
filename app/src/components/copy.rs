use crate::text::use_text;
use leptos::prelude::*;

/// Copies `value`; without JavaScript there is nothing to press.
#[component]
pub fn CopyButton(#[prop(into)] value: String) -> impl IntoView {
    let words = &use_text().common.error;
    let copied = RwSignal::new(false);
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        {
            let value = value.clone();
            leptos::task::spawn_local(async move {
                if crate::web::copy(&value).await {
                    copied.set(true);
                }
            });
        }
        let _ = &value;
    };
    view! {
        <button type="button" class="copy needs-script" on:click=copy>
            {move || if copied.get() { words.copied } else { words.copy }}
        </button>
    }
}
