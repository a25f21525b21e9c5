use crate::Ports;
use crate::ports::{Engine, PortError};
use model::{Dependency, DependencyName, Timestamp};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long an engine may take to answer before it counts as down.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks what the board stands on whether it answers.
pub struct Health {
    ports: Ports,
    /// By dependency, whether it was up, and since when.
    known: Mutex<[Option<(bool, Timestamp)>; 3]>,
}

impl Health {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { ports: ports.clone(), known: Mutex::default() }
    }

    /// Asks all of them, at the same time.
    pub async fn check(&self) -> [Dependency; 3] {
        let Ports { store, sessions, events, .. } = &self.ports;
        let (store, cache, events) = tokio::join!(
            self.ask(DependencyName::Store, &**store),
            self.ask(DependencyName::Cache, &**sessions),
            self.ask(DependencyName::Events, &**events),
        );
        [store, cache, events]
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
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut known[name as usize] {
            Some((was_up, since)) if *was_up == up => *since,
            other => {
                *other = Some((up, now));
                now
            }
        }
    }
}
