//! Trouble on request, to see what alerts and charts make of it: each with an end, none where the board has no place to
//! keep them.

mod ballast;
mod ports;

use crate::Ports;
use crate::ports::{Clock, FaultStore};
use ballast::Ballast;
use model::{BoardError, Code, Fault, FaultKind, Timestamp, Username};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

tokio::task_local! {
    static SPARED: ();
}

/// How often a process looks what was asked for in another, and what has ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const KINDS: usize = FaultKind::ALL.len();

/// The faults that all processes show while they last.
#[derive(Clone)]
pub struct Faults(Arc<Shared>);

struct Shared {
    /// `None`: there can be none.
    store: Option<Arc<dyn FaultStore>>,
    clock: Arc<dyn Clock>,
    known: Mutex<Vec<Fault>>,
    /// By kind, how much; 0 for none.
    amounts: [AtomicU32; KINDS],
    /// By kind, what a share is dealt from.
    dealt: [AtomicU32; KINDS],
    ballast: Mutex<Ballast>,
}

impl Faults {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self(Arc::new(Shared {
            store: ports.faults.clone(),
            clock: Arc::clone(&ports.clock),
            known: Mutex::default(),
            amounts: Default::default(),
            dealt: Default::default(),
            ballast: Mutex::default(),
        }))
    }

    /// Whether there can be any.
    #[must_use]
    pub fn are_possible(&self) -> bool {
        self.0.store.is_some()
    }

    /// Those that last.
    #[must_use]
    pub fn now(&self) -> Vec<Fault> {
        let now = self.0.clock.now();
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|fault| now < fault.ends_at).cloned().collect()
    }

    /// How much there is of one now; 0 for none.
    #[must_use]
    pub fn amount(&self, kind: FaultKind) -> u32 {
        self.0.amounts[kind as usize].load(Ordering::Relaxed)
    }

    /// Does what no fault meets: the poll of what ends one.
    pub fn spare<T>(work: impl FnOnce() -> T) -> T {
        SPARED.sync_scope((), work)
    }

    /// Whether it meets this one, where its amount is a percentage: evenly dealt.
    #[must_use]
    pub fn meets(&self, kind: FaultKind) -> bool {
        let amount = self.amount(kind);
        let spared = || SPARED.try_with(|()| ()).is_ok();
        amount > 0
            && !spared()
            && self.0.dealt[kind as usize].fetch_add(amount, Ordering::Relaxed) % 100 + amount >= 100
    }

    /// Starts one, in the place of another of its kind.
    ///
    /// # Errors
    /// `NotFound` where there can be none; `InvalidFault`; `Unavailable`.
    pub async fn start(&self, kind: FaultKind, amount: u32, minutes: u32, by: &Username) -> Result<(), BoardError> {
        let store = self.store()?;
        if !kind.amounts().contains(&amount) || !(1..=Fault::MOST_MINUTES).contains(&minutes) {
            return Err(Code::InvalidFault.into());
        }
        let started_at = self.0.clock.now();
        let ends_at = started_at.plus_seconds(i64::from(minutes) * 60);
        let fault = Fault { kind, amount, started_by: by.to_string(), started_at, ends_at };
        store.set(&fault, started_at).await?;
        tracing::warn!(fault = kind.as_str(), amount, minutes, enduser.id = %by, "a fault begins, as asked for");
        self.replace(kind, Some(fault));
        Ok(())
    }

    /// Ends one, if it lasts.
    ///
    /// # Errors
    /// `NotFound` where there can be none; `Unavailable`.
    pub async fn end(&self, kind: FaultKind, by: &Username) -> Result<(), BoardError> {
        self.store()?.end(kind).await?;
        tracing::info!(fault = kind.as_str(), enduser.id = %by, "a fault ends, as asked for");
        self.replace(kind, None);
        Ok(())
    }

    fn store(&self) -> Result<&Arc<dyn FaultStore>, BoardError> {
        Ok(self.0.store.as_ref().ok_or(Code::NotFound)?)
    }

    /// Shows what was asked for in any process, for as long as this is polled.
    pub async fn follow(&self) {
        let Some(store) = &self.0.store else { return };
        loop {
            match store.faults().await {
                Ok(faults) => self.show(faults),
                // Told where it failed; what is known ends on time all the same.
                Err(_) => self.show(self.now()),
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn replace(&self, kind: FaultKind, fault: Option<Fault>) {
        let others = self.now().into_iter().filter(|other| other.kind != kind);
        self.show(others.chain(fault).collect());
    }

    fn show(&self, faults: Vec<Fault>) {
        let now = self.0.clock.now();
        let lasting = |kind| faults.iter().find(|fault| fault.kind == kind && now < fault.ends_at);
        for kind in FaultKind::ALL {
            self.0.amounts[kind as usize].store(lasting(kind).map_or(0, |fault| fault.amount), Ordering::Relaxed);
        }
        let weight = lasting(FaultKind::Memory).map_or(0, |fault| grown(fault, now));
        self.0.ballast.lock().unwrap_or_else(PoisonError::into_inner).weigh(weight);
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Waits as long as a fault says that every page and call shall.
    pub async fn delay(&self) {
        let millis = self.amount(FaultKind::Latency);
        if millis > 0 {
            sleep(Duration::from_millis(millis.into())).await;
        }
    }
}

/// How many MiB a growing fault has come to.
fn grown(fault: &Fault, now: Timestamp) -> u32 {
    let (begun, end) = (fault.started_at.as_millis(), fault.ends_at.as_millis());
    let passed = (now.as_millis() - begun).clamp(0, end - begun);
    let weight = i64::from(fault.amount) * passed / (end - begun).max(1);
    u32::try_from(weight).unwrap_or(fault.amount)
}

#[cfg(test)]
mod tests {
    use super::grown;
    use model::{Fault, FaultKind, Timestamp};

    #[test]
    fn memory_grows_evenly_until_the_end() {
        let at = Timestamp::from_millis;
        let (started_by, started_at, ends_at) = ("mina".to_owned(), at(1_000), at(61_000));
        let fault = Fault { kind: FaultKind::Memory, amount: 600, started_by, started_at, ends_at };
        assert_eq!([0, 1_000, 31_000, 61_000, 90_000].map(|now| grown(&fault, at(now))), [0, 0, 300, 600, 600]);
    }
}
