use crate::components::life;
use leptos::prelude::*;

/// The dialog that `?` opens. Nothing in it ever changes: the server writes it, and the browser leaves it as it is.
#[component]
pub fn KeyboardHelp() -> impl IntoView {
    life("KeyboardHelp");
    #[cfg(feature = "ssr")]
    let content = content(crate::text::use_text());
    #[cfg(not(feature = "ssr"))]
    let content = String::new();
    view! { <dialog id="keyboard-help" aria-labelledby="keyboard-title" inner_html=content></dialog> }.into_any()
}

#[cfg(feature = "ssr")]
fn content(text: &'static crate::text::Text) -> String {
    let common = &text.common;
    let words = &common.keyboard;
    let rows = [
        ("/", words.search),
        ("n", words.new_message),
        ("g m", words.go_messages),
        ("g s", words.go_status),
        ("g l", words.go_logs),
        ("g t", words.go_traces),
        ("j", words.next_row),
        ("k", words.previous_row),
        ("?", words.help),
    ];
    let row = |(keys, what): (&'static str, &'static str)| {
        view! { <tr><th scope="row"><kbd>{keys}</kbd></th><td>{what}</td></tr> }
    };
    view! {
        <h2 id="keyboard-title">{words.title}</h2>
        <table><tbody>{rows.map(row).collect_view()}</tbody></table>
        <form method="dialog"><button type="submit">{common.close}</button></form>
    }
    .to_html()
}
