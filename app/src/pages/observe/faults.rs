use super::operators::OperatorsOnly;
use super::refresh::{Refresh, RefreshSwitch};
use crate::clock::{iso, use_clock};
use crate::components::life;
use crate::components::{ActionError, FormAction, ServerForm, loaded};
use crate::fetched::fetch;
use crate::functions::observe::{EndFault, FaultReport, StartFault, list_faults};
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::{Fault, FaultKind};

const PAUSE_MS: i32 = 3_000;

/// Trouble on request, for operators.
#[component]
pub fn FaultsPage() -> impl IntoView {
    life("FaultsPage");
    let title = use_text().faults().title;
    set_title(title);
    view! {
        <OperatorsOnly>
            <Faults/>
        </OperatorsOnly>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct Wishes {
    start: FormAction<FaultReport>,
    end: FormAction<FaultReport>,
}

#[component]
fn Faults() -> impl IntoView {
    let words = use_text().faults();
    let wishes = Wishes { start: FormAction::of::<StartFault>(), end: FormAction::of::<EndFault>() };
    let report = fetch(|| (), |()| list_faults());
    let refresh = Refresh::new(true);
    let follow = move |report: FaultReport| {
        let shown = refresh.follow(report, PAUSE_MS, || Some(list_faults()), |_, newer| newer);
        // What a wish came to is known before the next look.
        for wish in [wishes.start, wishes.end] {
            Effect::new(move |_| {
                if let Some(Ok(newer)) = wish.value().get() {
                    shown.set(newer);
                }
            });
        }
        let possible = Memo::new(move |_| shown.with(|report| report.faults.is_some()));
        let panel = move || match possible.get() {
            true => view! { <RefreshSwitch refresh/> {table(shown, wishes)} }.into_any(),
            false => view! { <p>{words.impossible}</p> }.into_any(),
        };
        view! { {panel} }.into_any()
    };
    view! {
        <h1>{words.title}</h1>
        <p class="intro">{words.intro}</p>
        <ActionError action=wishes.start/>
        <ActionError action=wishes.end/>
        {loaded(report, 8, follow)}
    }
    .into_any()
}

fn table(report: RwSignal<FaultReport>, wishes: Wishes) -> AnyView {
    let words = use_text().faults();
    let rows = FaultKind::ALL
        .into_iter()
        .map(|kind| {
            let find = move |report: &FaultReport| report.faults.iter().flatten().find(|f| f.kind == kind).cloned();
            row(kind, Memo::new(move |_| report.with(find)), wishes)
        })
        .collect_view();
    view! {
        <table class="lines faults">
            <caption class="visually-hidden">{words.caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.fault}</th>
                    <th scope="col">{words.now}</th>
                    <th scope="col"><span class="visually-hidden">{words.start}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(kind: FaultKind, fault: Memo<Option<Fault>>, wishes: Wishes) -> AnyView {
    let words = use_text().faults();
    let (name, what) = (words.kind)(kind);
    let amounts = kind.amounts();
    view! {
        <tr class:on=move || fault.with(Option::is_some)>
            <th scope="row"><span class="name">{name}</span> <p class="hint">{what}</p></th>
            <td>{move || fault.get().map_or_else(|| words.none.into_any(), |fault| lasting(fault, wishes.end))}</td>
            <td>
                <ServerForm action=wishes.start class="inline">
                    <input type="hidden" name="kind" value=kind.as_str()/>
                    <input type="number" name="amount" required inputmode="numeric" aria-label=(words.amount)(name)
                        min=amounts.start().to_string() max=amounts.end().to_string() value=kind.usual().to_string()/>
                    <span class="unit">{kind.unit()}</span>
                    <input type="number" name="minutes" required inputmode="numeric" aria-label=(words.minutes)(name)
                        min="1" max=Fault::MOST_MINUTES.to_string() value=Fault::USUAL_MINUTES.to_string()/>
                    <span class="unit">{words.minutes_unit}</span>
                    <button type="submit" aria-label=(words.start_one)(name)>{words.start}</button>
                </ServerForm>
            </td>
        </tr>
    }
    .into_any()
}

fn lasting(fault: Fault, end: FormAction<FaultReport>) -> AnyView {
    let words = use_text().faults();
    let (name, _) = (words.kind)(fault.kind);
    let (clock, at) = (use_clock(), fault.ends_at);
    view! {
        <strong>{fault.amount} " " {fault.kind.unit()}</strong>
        " · "
        {words.until}
        " "
        <time datetime=iso(at) title=move || clock.exact(at)>{move || clock.time_of_day(at)}</time>
        " · "
        {words.by}
        " "
        <span dir="auto">{fault.started_by}</span>
        <ServerForm action=end class="inline">
            <input type="hidden" name="kind" value=fault.kind.as_str()/>
            <button class="danger" type="submit" aria-label=(words.end_one)(name)>{words.end}</button>
        </ServerForm>
    }
    .into_any()
}
