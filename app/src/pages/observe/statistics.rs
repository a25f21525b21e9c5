//! What API calls were like, in charts and tables.

mod calls;
mod chart;
mod latency;
mod lines;
mod log_ins;
mod pieces;
mod routes;
mod scale;
mod stacks;
mod times;
mod users;

use self::chart::draw;
use super::facts::facts;
use super::operators::OperatorsOnly;
use super::refresh::{Refresh, RefreshSwitch};
use crate::components::life;
use crate::components::loaded;
use crate::components::numbers::count;
use crate::fetched::fetch;
use crate::functions::observe::get_statistics;
use crate::next::encode;
use crate::query::use_query;
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::{Range, Statistics};
use scale::share;

/// What has been counted is to be seen within two seconds.
const PAUSE_MS: i32 = 1_200;

/// What API calls were like, for operators: `?range=hour`, `day` or `week`, `&route=` for one of the routes.
#[component]
pub fn StatisticsPage() -> impl IntoView {
    life("StatisticsPage");
    let title = use_text().statistics().title;
    set_title(title);
    view! {
        <OperatorsOnly>
            <CallStatistics/>
        </OperatorsOnly>
    }
    .into_any()
}

#[component]
fn CallStatistics() -> impl IntoView {
    let words = use_text().statistics();
    let query = use_query();
    let range = Memo::new(move |_| query.with(|query| Range::named(query.get_str("range").unwrap_or_default())));
    let found = fetch(move || range.get(), get_statistics);
    let route = Memo::new(move |_| query.with(|query| query.get("route").filter(|route| !route.is_empty())));
    let refresh = Refresh::new(true);
    let follow = move |statistics: Statistics| {
        let range = statistics.range;
        let shown = refresh.follow(statistics, PAUSE_MS, move || Some(get_statistics(range)), in_known_order);
        show(shown, route)
    };
    let tab = move |to: Range| {
        let address = move || match route.get() {
            Some(route) => format!("/statistics?range={}&route={}", to.name(), encode(&route)),
            None => format!("/statistics?range={}", to.name()),
        };
        let here = move || (range.get() == to).then_some("page");
        view! { <a href=address data-noscroll="" aria-current=here>{(words.range)(to)}</a> }.into_any()
    };
    view! {
        <header class="page-head">
            <h1>{words.title}</h1>
            <nav class="tabs" aria-label=words.ranges>{Range::ALL.map(tab).collect_view()}</nav>
        </header>
        <p class="intro">{words.intro}</p>
        <RefreshSwitch refresh/>
        {loaded(found, 14, follow)}
    }
    .into_any()
}

fn show(statistics: RwSignal<Statistics>, route: Memo<Option<String>>) -> AnyView {
    view! {
        {stacks::patterns()}
        {move || statistics.with(totals)}
        {move || statistics.with(|statistics| (statistics.calls == 0).then(empty))}
        <div class="charts">
            {draw(statistics, calls::chart)}
            {draw(statistics, latency::chart)}
            {draw(statistics, log_ins::chart)}
            {move || statistics.with(users::table)}
        </div>
        {move || statistics.with(|statistics| routes::table(statistics, route.get().as_deref()))}
    }
    .into_any()
}

fn empty() -> AnyView {
    let words = use_text().statistics();
    view! { <div class="empty"><p>{words.empty}</p><p>{words.empty_hint}</p></div> }.into_any()
}

fn totals(statistics: &Statistics) -> AnyView {
    let words = use_text().statistics();
    let of_all = |part: u64| format!("{} ({})", count(part), share(part, statistics.calls));
    let refused = statistics.slices.iter().map(|slice| slice.refused).sum();
    let failed = statistics.slices.iter().map(|slice| slice.failed).sum();
    let aside = (statistics.aside > 0).then(|| (words.aside, count(statistics.aside)));
    let known = [
        (words.calls, count(statistics.calls)),
        (words.users, count(statistics.users)),
        (words.refused, of_all(refused)),
        (words.failed, of_all(failed)),
    ];
    facts(known.into_iter().chain(aside))
}

/// The newer statistics, with their rows in the order in which they are read: what is new comes last.
fn in_known_order(shown: &Statistics, mut newer: Statistics) -> Statistics {
    keep_order(&shown.routes, &mut newer.routes, |route| (route.endpoint.clone(), route.method.clone()));
    keep_order(&shown.active_users, &mut newer.active_users, |user| user.user.clone());
    newer
}

fn keep_order<T, K: Eq>(shown: &[T], newer: &mut [T], key: impl Fn(&T) -> K) {
    newer.sort_by_key(|row| {
        let name = key(row);
        shown.iter().position(|shown| key(shown) == name).unwrap_or(usize::MAX)
    });
}

#[cfg(test)]
mod tests {
    use super::keep_order;

    #[test]
    fn rows_that_are_read_stay_where_they_are() {
        let mut newer = [("c", 9), ("b", 7), ("a", 5)];
        keep_order(&[("a", 4), ("gone", 3), ("b", 2)], &mut newer, |row| row.0);
        assert_eq!(newer, [("a", 5), ("b", 7), ("c", 9)]);
    }
}
