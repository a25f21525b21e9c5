use crate::Ports;
use crate::ports::{Engine, PortError};
use model::{Dependency, DependencyName, Timestamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long an engine may take to answer before it counts as down.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks what the board stands on whether it answers.
#[derive(Clone)]
pub struct Health {
    ports: Ports,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// By dependency, whether it was up, and since when.
    since: [Option<(bool, Timestamp)>; 3],
    /// The last report, and when it was asked for.
    last: Option<([Dependency; 3], Timestamp)>,
}

/// A report that is older is asked for anew.
const FRESH_S: i64 = 1;

impl Health {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { ports: ports.clone(), known: Arc::default() }
    }

    /// What is known of them: does not wait for one that does not answer, but for the very first time.
    pub async fn recent(&self) -> [Dependency; 3] {
        let (last, now) = (self.known().last.clone(), self.ports.clock.now());
        let Some((report, asked_at)) = last else {
            // It goes on when the caller is too impatient for it, so that the next one is told.
            let health = self.clone();
            let first = tokio::spawn(async move { health.check().await });
            return match first.await {
                Ok(report) => report,
                Err(_) => self.check().await,
            };
        };
        if asked_at.plus_seconds(FRESH_S) <= now {
            self.known().last = Some((report.clone(), now));
            let health = self.clone();
            tokio::spawn(async move { health.check().await });
        }
        report
    }

    /// Asks all of them, at the same time.
    pub async fn check(&self) -> [Dependency; 3] {
        let Ports { store, sessions, events, .. } = &self.ports;
        let (store, cache, events) = tokio::join!(
            self.ask(DependencyName::Store, &**store),
            self.ask(DependencyName::Cache, &**sessions),
            self.ask(DependencyName::Events, &**events),
        );
        let report = [store, cache, events];
        self.known().last = Some((report.clone(), self.ports.clock.now()));
        report
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask<E: Engine + ?Sized>(&self, name: DependencyName, engine: &E) -> Dependency {
        let clock = &self.ports.clock;
        let before_us = clock.monotonic_us();
        let failure = match timeout(PATIENCE, engine.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(PortError { source, .. })) => Some(source.to_string()),
            Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        let latency_us = clock.monotonic_us().saturating_sub(before_us);
        let since = self.since(name, failure.is_none(), clock.now());
        Dependency { name, engine: engine.name().to_owned(), failure, latency_us, since }
    }

    fn since(&self, name: DependencyName, up: bool, now: Timestamp) -> Timestamp {
        match &mut self.known().since[name as usize] {
            Some((was_up, since)) if *was_up == up => *since,
            other => {
                *other = Some((up, now));
                now
            }
        }
    }
}
