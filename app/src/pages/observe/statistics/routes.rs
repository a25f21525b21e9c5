use super::calls::KINDS;
use super::latency::{NAMES, in_order};
use super::stacks::strip;
use crate::components::numbers::{count, duration};
use crate::next::encode;
use crate::text::use_text;
use leptos::prelude::*;
use model::{RouteStatistics, Statistics};

/// The busiest routes, or one of them; each leads to its calls in the API log.
pub fn table(statistics: &Statistics, only: Option<&str>) -> Option<AnyView> {
    let words = use_text().statistics();
    let tables = &words.tables;
    let most = statistics.routes.iter().map(|route| route.calls).max()?;
    let wanted = |route: &&RouteStatistics| only.is_none_or(|only| route.endpoint == only);
    let rows = statistics.routes.iter().filter(wanted).map(|route| row(route, most)).collect_view();
    let all = only.map(|only| {
        let address = format!("/statistics?range={}", statistics.range.name());
        view! { <p>{tables.only} " " <code>{only.to_owned()}</code> " · " <a href=address data-noscroll="">{tables.all}</a></p> }
            .into_any()
    });
    let percentile = |name: &'static str| {
        let class = if name == "p95" { "number" } else { "number wide" };
        view! { <th scope="col" class=class>{name}</th> }.into_any()
    };
    let table = view! {
        <section>
            <h2 id="routes">{tables.routes}</h2>
            {all}
            <table class="lines routes">
                <caption class="visually-hidden">{tables.routes_caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tables.route}</th>
                        <td class="bar-column wide"></td>
                        <th scope="col" class="number">{words.calls}</th>
                        <th scope="col" class="number wide">{words.refused}</th>
                        <th scope="col" class="number">{words.failed}</th>
                        <th scope="col" class="number wide">{words.users}</th>
                        {NAMES.map(percentile).collect_view()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    };
    Some(table.into_any())
}

fn row(route: &RouteStatistics, most: u64) -> AnyView {
    let succeeded = route.calls.saturating_sub(route.refused + route.failed);
    let [p50, p95, p99] = route.latency.map_or_else(Default::default, |latency| in_order(latency).map(duration));
    view! {
        <tr class=(route.failed > 0).then_some("failed")>
            <th scope="row" class="route">
                <span class="method">{route.method.clone()}</span>
                " "
                <a href=format!("/logs?route={}", encode(&route.endpoint)) data-row="">{route.endpoint.clone()}</a>
            </th>
            <td class="bar-column wide">{strip(KINDS, [succeeded, route.refused, route.failed], most)}</td>
            <td class="number">{count(route.calls)}</td>
            <td class="number wide">{count(route.refused)}</td>
            <td class="number errors">{count(route.failed)}</td>
            <td class="number wide">{count(route.users)}</td>
            <td class="number wide">{p50}</td>
            <td class="number">{p95}</td>
            <td class="number wide">{p99}</td>
        </tr>
    }
    .into_any()
}
