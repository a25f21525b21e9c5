use leptos::prelude::*;

/// Names and values, side by side.
pub fn facts(facts: impl IntoIterator<Item = (&'static str, String)>) -> AnyView {
    let fact = |(name, value): (&'static str, String)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any();
    view! { <dl class="facts">{facts.into_iter().map(fact).collect_view()}</dl> }.into_any()
}
