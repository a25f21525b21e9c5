use crate::components::PageTrace;
use crate::components::life;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;

/// What is shown for an address that leads nowhere, with status 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    life("NotFoundPage");
    let words = &use_text().common.not_found;
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    set_title(words.title);
    view! {
        <div class="column">
            <h1>{words.title}</h1>
            <p>{words.advice}</p>
            <p><a href="/">{words.home}</a></p>
            <PageTrace/>
        </div>
    }
    .into_any()
}
