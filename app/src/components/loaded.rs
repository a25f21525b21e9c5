use crate::components::ErrorNote;
use crate::fetched::Fetched;
use crate::text::use_text;
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

/// Shows what a resource brings: nothing for 200 ms, then a skeleton of `rows` lines; an error in its place.
/// What is shown stays while newer data is on its way.
pub fn loaded<T>(resource: Fetched<T>, rows: usize, view: impl Fn(T) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let words = &use_text().common;
    let show = move || {
        resource.get().map(|result| match result {
            Ok(value) => view(value),
            Err(error) => view! {
                <ErrorNote error/>
                <button type="button" class="needs-script" on:click=move |_| resource.refetch()>{words.try_again}</button>
            }
            .into_any(),
        })
    };
    view! { <Transition fallback=move || skeleton(rows, words.loading)>{move || show()}</Transition> }.into_any()
}

fn skeleton(rows: usize, label: &'static str) -> AnyView {
    let lines = (0..rows).map(|_| view! { <div class="skeleton-line"></div> }.into_any()).collect_view();
    view! { <div class="skeleton" role="status" aria-label=label>{lines}</div> }.into_any()
}
