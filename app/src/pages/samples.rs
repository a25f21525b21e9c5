//! Sample messages: generate, watch, remove together.

mod progress;

use crate::components::draft::use_draft;
use crate::components::life;
use crate::components::numbers::count;
use crate::components::{ActionError, FormAction, ServerForm, loaded};
use crate::fetched::fetch;
use crate::functions::samples::{CancelSamples, GenerateSamples, RemoveSamples, samples_status};
use crate::live::on_live;
use crate::session::{SignedInOnly, use_session};
use crate::text::use_text;
use crate::title::set_title;
use leptos::prelude::*;
use model::{SampleJob, SampleState};
use progress::Progress;
use serde::Deserialize;

/// Generates sample messages, with their progress.
#[component]
pub fn SamplesPage() -> impl IntoView {
    life("SamplesPage");
    let title = use_text().search().samples.title;
    set_title(title);
    view! {
        <SignedInOnly>
            <Samples/>
        </SignedInOnly>
    }
    .into_any()
}

#[component]
fn Samples() -> impl IntoView {
    let words = &use_text().search().samples;
    let generate = FormAction::of::<GenerateSamples>();
    let remove = FormAction::of::<RemoveSamples>();
    let cancel = FormAction::of::<CancelSamples>();
    let asked = move || (generate.version().get(), remove.version().get(), cancel.version().get());
    let status = fetch(asked, |_| samples_status());
    // News is newer than what was loaded before it.
    let news = RwSignal::new(None::<SampleJob>);
    on_live(move |event| {
        if event.kind == "samples"
            && let Some(Progressed { job }) = event.read()
        {
            news.set(Some(job));
        }
    });
    let show = move |loaded: Option<SampleJob>| {
        let job = Memo::new(move |_| latest(loaded.clone(), news.get()));
        view! {
            <GenerateForm generate job/>
            <Progress job cancel/>
            <RemoveForm remove job/>
        }
        .into_any()
    };
    view! {
        <div class="column">
            <h1>{words.title}</h1>
            <p>{words.about} " " <a href="/messages">{words.see}</a></p>
            <ActionError action=generate/>
            <ActionError action=remove/>
            <ActionError action=cancel/>
            {loaded(status, 6, show)}
        </div>
    }
    .into_any()
}

/// The fields of `LiveEvent::Samples`.
#[derive(Deserialize)]
struct Progressed {
    job: SampleJob,
}

/// The job that is further on; ids count up.
fn latest(loaded: Option<SampleJob>, news: Option<SampleJob>) -> Option<SampleJob> {
    let age = |job: &SampleJob| (job.id, job.state != SampleState::Running, job.done);
    [loaded, news].into_iter().flatten().max_by_key(age)
}

fn is_running(job: Memo<Option<SampleJob>>) -> bool {
    job.with(|job| job.as_ref().is_some_and(|job| job.state == SampleState::Running))
}

#[component]
fn GenerateForm(generate: FormAction<SampleJob>, job: Memo<Option<SampleJob>>) -> impl IntoView {
    let words = &use_text().search().samples;
    let most = match use_session().is_operator() {
        true => SampleJob::MAX_FOR_OPERATORS,
        false => SampleJob::MAX_FOR_ANYBODY,
    };
    let draft = use_draft("samples/generate").field("count");
    let value = if draft.is_empty() { SampleJob::MAX_FOR_ANYBODY.to_string() } else { draft };
    view! {
        <ServerForm action=generate class="row-form">
            <label>
                <span>{words.count}</span>
                <input type="number" name="count" min="1" max=most.to_string() value=value required inputmode="numeric"/>
            </label>
            <button class="primary" type="submit" disabled=move || generate.pending().get() || is_running(job)>
                {words.generate}
            </button>
            <p class="hint">{(words.most)(&count(most))}</p>
        </ServerForm>
    }
    .into_any()
}

#[component]
fn RemoveForm(remove: FormAction<SampleJob>, job: Memo<Option<SampleJob>>) -> impl IntoView {
    let words = &use_text().search().samples;
    let what = if use_session().is_operator() { words.remove_all } else { words.remove_own };
    view! {
        <ServerForm action=remove class="row-form">
            <button class="danger" type="submit" disabled=move || remove.pending().get() || is_running(job)>
                {words.remove}
            </button>
            <p class="hint">{what}</p>
        </ServerForm>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{Progressed, latest};
    use model::{LiveEvent, SampleJob, SampleState, Timestamp};

    fn job(id: u64, done: u64, state: SampleState) -> Option<SampleJob> {
        let (username, started_at) = ("mina".to_owned(), Timestamp::default());
        Some(SampleJob { id, username, removing: false, wanted: 9, done, state, started_at, elapsed_ms: 1 })
    }

    #[test]
    fn news_of_a_job_is_read_as_it_is_written() {
        let job = job(1, 5, SampleState::Running);
        let written = job.clone().map(|job| serde_json::to_string(&LiveEvent::Samples { job }).unwrap_or_default());
        let read = written.and_then(|written| serde_json::from_str(&written).ok());
        assert_eq!(read.map(|progressed: Progressed| progressed.job), job);
    }

    #[test]
    fn the_job_that_is_further_on_is_shown() {
        let (begun, on) = (job(1, 0, SampleState::Running), job(1, 5, SampleState::Running));
        let (cancelled, next) = (job(1, 5, SampleState::Cancelled), job(2, 0, SampleState::Running));
        assert_eq!(latest(begun.clone(), on.clone()), on);
        assert_eq!(latest(cancelled.clone(), on), cancelled);
        assert_eq!(latest(next.clone(), cancelled), next);
        assert_eq!(latest(begun.clone(), None), begun);
        assert_eq!(latest(None, None), None);
    }
}
