use super::stacks::{Kind, strip};
use crate::components::Time;
use crate::components::numbers::count;
use crate::next::encode;
use crate::text::use_text;
use leptos::prelude::*;
use model::{Range, Statistics, UserActivity};

/// The most active users; each leads to their calls in the API log.
pub fn table(statistics: &Statistics) -> Option<AnyView> {
    let words = use_text().statistics();
    let tables = &words.tables;
    let most = statistics.active_users.iter().map(|user| user.calls).max()?;
    // Over a week, calls are remembered by the hour.
    let minutes_known = statistics.range != Range::Week;
    let rows = statistics.active_users.iter().map(|user| row(user, most, minutes_known)).collect_view();
    let table = view! {
        <section>
            <h2>{tables.users}</h2>
            <table class="lines users">
                <caption class="visually-hidden">{tables.users_caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tables.user}</th>
                        <td class="bar-column wide"></td>
                        <th scope="col" class="number">{words.calls}</th>
                        {minutes_known.then(|| view! { <th scope="col">{tables.last}</th> }.into_any())}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    };
    Some(table.into_any())
}

fn row(user: &UserActivity, most: u64, minutes_known: bool) -> AnyView {
    view! {
        <tr>
            <th scope="row" dir="auto">
                <a href=format!("/logs?user={}", encode(&user.user)) data-row="">{user.user.clone()}</a>
            </th>
            <td class="bar-column wide">{strip([Kind::Succeeded], [user.calls], most)}</td>
            <td class="number">{count(user.calls)}</td>
            {minutes_known.then(|| view! { <td class="when"><Time at=user.last_at/></td> }.into_any())}
        </tr>
    }
    .into_any()
}
