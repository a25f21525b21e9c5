use crate::text::use_text;
use leptos::prelude::*;

/// The dialog that `?` opens.
#[component]
pub fn KeyboardHelp() -> impl IntoView {
    let common = &use_text().common;
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
        <dialog id="keyboard-help" aria-labelledby="keyboard-title">
            <h2 id="keyboard-title">{words.title}</h2>
            <table><tbody>{rows.map(row).collect_view()}</tbody></table>
            <form method="dialog"><button type="submit">{common.close}</button></form>
        </dialog>
    }
    .into_any()
}
