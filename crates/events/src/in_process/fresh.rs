use model::ApiLogEntry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Events of this process that are not counted yet, beside the spool: whoever keeps up need not read them from there.
#[derive(Default)]
pub(super) struct Fresh(Mutex<State>);

#[derive(Default)]
struct State {
    events: Vec<(u64, Arc<ApiLogEntry>)>,
    /// There were too many: the spool has all up to this one.
    spilled: Option<u64>,
}

/// Events that are held.
const MOST: usize = 16_384;

/// What came since it was asked last.
pub(super) enum Taken {
    Events(Vec<(u64, Arc<ApiLogEntry>)>),
    /// What comes up to this number has to be read from the spool.
    SpilledUpTo(u64),
}

impl Fresh {
    /// In the order of the numbers.
    pub(super) fn push(&self, number: u64, event: &Arc<ApiLogEntry>) {
        let mut state = self.lock();
        if state.spilled.is_some() {
            state.spilled = Some(number);
        } else if state.events.len() == MOST {
            *state = State { events: Vec::new(), spilled: Some(number) };
        } else {
            state.events.push((number, Arc::clone(event)));
        }
    }

    pub(super) fn take(&self) -> Taken {
        let mut state = self.lock();
        match state.spilled.take() {
            Some(number) => Taken::SpilledUpTo(number),
            None => {
                let capacity = state.events.len();
                Taken::Events(std::mem::replace(&mut state.events, Vec::with_capacity(capacity)))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
