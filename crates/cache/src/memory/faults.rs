use async_trait::async_trait;
use board::ports::{FaultStore, PortError};
use model::{Fault, FaultKind, Timestamp};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The faults that were asked for in this process: one of a kind.
#[derive(Default)]
pub struct MemoryFaults(Mutex<Vec<Fault>>);

impl MemoryFaults {
    fn known(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl FaultStore for MemoryFaults {
    async fn faults(&self) -> Result<Vec<Fault>, PortError> {
        Ok(self.known().clone())
    }

    async fn set(&self, fault: &Fault, _now: Timestamp) -> Result<(), PortError> {
        let mut known = self.known();
        known.retain(|other| other.kind != fault.kind);
        known.push(fault.clone());
        Ok(())
    }

    async fn end(&self, kind: FaultKind) -> Result<(), PortError> {
        self.known().retain(|fault| fault.kind != kind);
        Ok(())
    }
}
