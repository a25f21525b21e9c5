use crate::components::numbers::{count, duration};
use crate::components::{FormAction, ServerForm};
use crate::session::use_session;
use crate::text::use_text;
use leptos::prelude::*;
use model::{SampleJob, SampleState};

/// How far the running job is, or how the last one ended.
#[component]
pub fn Progress(job: Memo<Option<SampleJob>>, cancel: FormAction<()>) -> impl IntoView {
    let words = &use_text().search().samples;
    // Told apart once, so that what is pressed does not change under the pointer with each piece of news.
    let running = Memo::new(move |_| super::is_running(job));
    move || match running.get() {
        true => view! { <Running job cancel/> }.into_any(),
        false => {
            let ended = job.with(|job| job.as_ref().map_or_else(|| words.none.to_owned(), ending));
            view! { <p class="note" role="status">{ended}</p> }.into_any()
        }
    }
}

#[component]
fn Running(job: Memo<Option<SampleJob>>, cancel: FormAction<()>) -> impl IntoView {
    let (words, session) = (&use_text().search().samples, use_session());
    let figure = move |f: fn(&SampleJob) -> u64| job.with(|job| job.as_ref().map_or(0, f));
    let (done, wanted) = (move || figure(|job| job.done), move || figure(|job| job.wanted));
    let title = move || {
        job.with(|job| {
            job.as_ref().map(|job| {
                if job.removing { (words.removing)(&job.username) } else { (words.generating)(&job.username) }
            })
        })
    };
    let remaining = move || {
        let seconds = job.with(|job| job.as_ref().and_then(SampleJob::remaining_s));
        seconds.map(|s| (words.remaining)(&duration(s.saturating_mul(1_000_000))))
    };
    let owner = job.with_untracked(|job| job.as_ref().map(|job| job.username.clone()));
    let mine = session.is_me(owner.as_deref());
    let stop = (mine || session.is_operator()).then(|| {
        view! {
            <ServerForm action=cancel class="inline">
                <button type="submit" disabled=move || cancel.pending().get()>{words.cancel}</button>
            </ServerForm>
        }
    });
    view! {
        <section class="job" aria-label=words.progress_title>
            <p>{title}</p>
            <progress max=move || wanted().to_string() value=move || done().to_string()></progress>
            <p class="figures">
                <span>{move || (words.progress)(&count(done()), &count(wanted()))}</span>
                <span>{move || (words.rate)(&count(figure(SampleJob::rate)))}</span>
                <span>{remaining}</span>
            </p>
            {stop}
            <a href="/samples" rel="external">{words.refresh}</a>
        </section>
    }
    .into_any()
}

fn ending(job: &SampleJob) -> String {
    let words = &use_text().search().samples;
    let done = count(job.done);
    match job.state {
        SampleState::Cancelled => (words.cancelled)(&done),
        SampleState::Failed => (words.failed)(&done),
        SampleState::Running | SampleState::Done if job.removing => (words.removed)(&done),
        SampleState::Running | SampleState::Done => (words.done)(&done),
    }
}
