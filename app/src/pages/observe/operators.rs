use super::set_status;
use crate::components::PageTrace;
use crate::session::{SignedInOnly, use_session};
use crate::text::use_text;
use leptos::prelude::*;
use model::Code;

/// Shows its children to operators, and others why it does not.
#[component]
pub fn OperatorsOnly(children: ChildrenFn) -> impl IntoView {
    let session = use_session();
    view! {
        <SignedInOnly>
            {
                let children = children.clone();
                move || if session.is_operator() { children().into_any() } else { refusal() }
            }
        </SignedInOnly>
    }
    .into_any()
}

fn refusal() -> AnyView {
    let words = use_text().instruments();
    set_status(Code::OperatorsOnly);
    view! {
        <div class="column">
            <h1>{words.operators_title}</h1>
            <p>{words.operators_why}</p>
            <p>{words.operators_how}</p>
            <pre><code>"GLASSBOARD_OPERATORS=mina,jun"</code></pre>
            <p><a href="/traces">{words.own_traces}</a></p>
            <PageTrace/>
        </div>
    }
    .into_any()
}
