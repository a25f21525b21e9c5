//! Figures that follow the time: they are asked for again and again while their page can be seen.

use crate::text::use_text;
use leptos::prelude::*;
use model::BoardError;

/// Whether a page follows what it shows, and whether it can.
#[derive(Clone, Copy)]
pub struct Refresh {
    on: RwSignal<bool>,
    /// The last question had no answer: what is shown is older than it should be.
    failing: RwSignal<bool>,
}

impl Refresh {
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self { on: RwSignal::new(on), failing: RwSignal::new(false) }
    }

    /// What is shown, `first` to begin with. It is asked for again `pause_ms` after each answer, until the component at
    /// hand is gone; `ask` may find that there is nothing to ask for. `join` makes of what is shown and what has come what
    /// is shown next.
    pub fn follow<T, Fut>(
        self,
        first: T,
        pause_ms: i32,
        ask: impl Fn() -> Option<Fut> + 'static,
        join: fn(&T, T) -> T,
    ) -> RwSignal<T>
    where
        T: PartialEq + Send + Sync + 'static,
        Fut: Future<Output = Result<T, BoardError>> + 'static,
    {
        let shown = RwSignal::new(first);
        #[cfg(feature = "hydrate")]
        {
            let session = crate::session::use_session();
            leptos::task::spawn_local(async move {
                loop {
                    crate::web::pause(pause_ms).await;
                    if shown.is_disposed() {
                        return;
                    }
                    if self.on.try_get_untracked() != Some(true) || crate::web::is_hidden() {
                        continue;
                    }
                    let Some(question) = ask() else { continue };
                    let answer = question.await;
                    let _ = self.failing.try_set(answer.is_err());
                    match answer {
                        Ok(newer) => show(shown, newer, join),
                        Err(error) => session.learn(&error),
                    }
                }
            });
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = (pause_ms, ask, join);
        shown
    }
}

/// What has not changed is not drawn again.
#[cfg(feature = "hydrate")]
fn show<T: PartialEq + Send + Sync + 'static>(shown: RwSignal<T>, newer: T, join: fn(&T, T) -> T) {
    let next = shown.try_with_untracked(|shown| Some(join(shown, newer)).filter(|next| next != shown));
    if let Some(next) = next.flatten() {
        let _ = shown.try_set(next);
    }
}

/// The switch that stops it, and whether what is shown has fallen behind.
#[component]
pub fn RefreshSwitch(refresh: Refresh) -> impl IntoView {
    let words = use_text().instruments();
    let failing = Memo::new(move |_| refresh.failing.get());
    view! {
        <div class="live-tools needs-script">
            <button type="button" class="follow" role="switch" aria-checked=move || refresh.on.get().to_string()
                on:click=move |_| refresh.on.update(|on| *on = !*on)>
                {words.follow}
            </button>
            <p class="hint" role="status">{move || failing.get().then_some(words.not_refreshed)}</p>
        </div>
    }
    .into_any()
}
