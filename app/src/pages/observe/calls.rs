//! API calls in a table, as the API log and the messaging log show them.

use crate::clock::{iso, use_clock};
use crate::components::numbers::duration;
use crate::next::encode;
use crate::text::use_text;
use leptos::prelude::*;
use model::ApiLogEntry;

/// The table around rows that [`call_row`] made.
pub fn call_table(caption: &'static str, rows: impl IntoView + 'static) -> AnyView {
    let words = &use_text().instruments().calls;
    view! {
        <table class="lines logs">
            <caption class="visually-hidden">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.time}</th>
                    <th scope="col">{words.method}</th>
                    <th scope="col">{words.route}</th>
                    <th scope="col" class="number">{words.status}</th>
                    <th scope="col" class="wide">{words.user}</th>
                    <th scope="col" class="number">{words.duration}</th>
                    <th scope="col">{words.trace}</th>
                </tr>
            </thead>
            <tbody>{rows.into_any()}</tbody>
        </table>
    }
    .into_any()
}

/// A call: when, what, how it ended, whose, how long, and the way to its trace.
pub fn call_row(entry: ApiLogEntry) -> AnyView {
    let (clock, at) = (use_clock(), entry.timestamp);
    // The reader's own zone is on hover, as it is the same in every row; that it is not theirs is said.
    let shown = move || {
        let exact = clock.exact(at);
        let own_zone = exact.rsplit_once(" UTC").filter(|(_, offset)| !offset.is_empty());
        own_zone.map_or_else(|| exact.clone(), |(time, _)| time.to_owned())
    };
    let trace = entry.trace_id.map(|id| {
        let id = id.to_string();
        let short = id.get(..8).unwrap_or(&id).to_owned();
        view! { <a href=format!("/traces/{id}") data-row=""><code>{short}</code></a> }
    });
    view! {
        <tr class=match entry.status { 500.. => "failed", 400.. => "refused", _ => "" } title=entry.message.into_owned()>
            <td class="when"><time datetime=iso(at) title=move || clock.exact(at)>{shown}</time></td>
            <td>{entry.method.into_owned()}</td>
            <td class="route"><a href=format!("/statistics?route={}#routes", encode(&entry.endpoint))>{entry.endpoint.to_string()}</a></td>
            <td class="number status">{entry.status}</td>
            <td class="wide" dir="auto">{entry.user.map(|name| name.to_string())}</td>
            <td class="number">{entry.duration_us.map(duration)}</td>
            <td>{trace}</td>
        </tr>
    }
    .into_any()
}
