use super::facts::facts;
use super::refresh::{Refresh, RefreshSwitch};
use crate::components::life;
use crate::components::numbers::{count, duration};
use crate::components::{Time, loaded};
use crate::fetched::fetch;
use crate::functions::observe::{StatusReport, get_status};
use crate::session::{SignedInOnly, use_session};
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::{Dependency, DependencyName, FaultKind};

const PAUSE_MS: i32 = 3_000;

/// Whether the server and what it stands on are well, for everybody with an account.
#[component]
pub fn StatusPage() -> impl IntoView {
    life("StatusPage");
    let title = use_text().observe().status.title;
    set_title(title);
    view! {
        <SignedInOnly>
            <Status/>
        </SignedInOnly>
    }
    .into_any()
}

#[component]
fn Status() -> impl IntoView {
    let words = &use_text().observe().status;
    let report = fetch(|| (), |()| get_status());
    let refresh = Refresh::new(true);
    let follow = move |report: StatusReport| {
        let shown = refresh.follow(report, PAUSE_MS, || Some(get_status()), |_, newer| newer);
        view! { {move || shown.with(show)} }.into_any()
    };
    view! {
        <div class="status-page">
            <h1>{words.title}</h1>
            <p class="intro">{words.intro}</p>
            <RefreshSwitch refresh/>
            {loaded(report, 8, follow)}
        </div>
    }
    .into_any()
}

fn show(report: &StatusReport) -> AnyView {
    let words = &use_text().observe().status;
    let well = report.dependencies.iter().all(Dependency::is_up);
    let dependencies = report.dependencies.iter().map(dependency).collect_view();
    let kept = report.traces;
    let numbers = [
        (words.traces, count(kept.traces)),
        (words.spans, count(kept.spans)),
        (words.bytes, format!("{} MiB", count(kept.bytes.div_ceil(1 << 20)))),
        (words.evicted, count(kept.evicted_traces)),
        (words.refused, count(kept.refused_spans)),
    ];
    let events = [(words.waiting, count(report.events.waiting)), (words.lost, count(report.events.lost))];
    let server =
        [(words.version, report.version.clone()), (words.uptime, duration(report.uptime_s.saturating_mul(1_000_000)))];
    let faults = report.faults.as_deref().map(faults);
    view! {
        <p class="verdict" class:degraded=!well>
            <span aria-hidden="true">{if well { "✓ " } else { "⚠ " }}</span>
            {if well { words.all_well } else { words.degraded }}
            <span class="hint">{words.asked_at} " " <Time at=report.asked_at/></span>
        </p>
        {faults}
        <h2>{words.dependencies}</h2>
        <table class="lines">
            <caption class="visually-hidden">{words.dependencies}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.dependency}</th>
                    <th scope="col">{words.state}</th>
                    <th scope="col">{words.since}</th>
                    <th scope="col" class="number">{words.latency}</th>
                </tr>
            </thead>
            <tbody>{dependencies}</tbody>
        </table>
        <h2>{words.event_bus}</h2>
        {facts(events)}
        <h2>{words.observatory}</h2>
        {facts(numbers)}
        <h2>{words.server}</h2>
        {facts(server)}
    }
    .into_any()
}

/// Trouble may have been asked for; operators are led to where.
fn faults(faults: &[FaultKind]) -> AnyView {
    let (words, session) = (use_text().faults(), use_session());
    if faults.is_empty() && !session.is_operator() {
        return ().into_any();
    }
    let names: Vec<_> = faults.iter().map(|kind| (words.kind)(*kind).0).collect();
    let names = if names.is_empty() { words.none.to_owned() } else { names.join(", ") };
    let panel = session.is_operator().then(|| view! { " " <a href="/faults">{words.panel}</a> });
    view! { <p class:note=!faults.is_empty()>{words.on_request} " " {names} {panel}</p> }.into_any()
}

fn dependency(dependency: &Dependency) -> AnyView {
    let words = &use_text().observe().status;
    let name = match dependency.name {
        DependencyName::Store => words.store,
        DependencyName::Cache => words.cache,
        DependencyName::Events => words.events,
    };
    let (sign, state) = if dependency.is_up() { ("✓ ", words.up) } else { ("✗ ", words.down) };
    let failure = dependency.failure.clone().map(|failure| view! { <p class="hint">{failure}</p> });
    view! {
        <tr class=(!dependency.is_up()).then_some("failed")>
            <th scope="row">{name} " " <span class="hint">{dependency.engine.clone()}</span></th>
            <td><span aria-hidden="true">{sign}</span> {state} {failure}</td>
            <td><Time at=dependency.since/></td>
            <td class="number">{duration(dependency.latency_us)}</td>
        </tr>
    }
    .into_any()
}
