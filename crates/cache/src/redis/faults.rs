use super::connection::{Connection, Name};
use async_trait::async_trait;
use board::ports::{FaultStore, PortError};
use model::{Fault, FaultKind, Timestamp};
use redis::cmd;

/// The faults that were asked for in any process: a key `fault:{kind}` each, which expires with it.
pub struct RedisFaults(Connection);

impl RedisFaults {
    pub(super) const fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

fn key(kind: FaultKind) -> String {
    format!("fault:{}", kind.as_str())
}

#[async_trait]
impl FaultStore for RedisFaults {
    async fn faults(&self) -> Result<Vec<Fault>, PortError> {
        let keys = FaultKind::ALL.map(key);
        let name = Name { operation: "MGET", key: "fault" };
        let found: Vec<Option<String>> = self.0.command(name, cmd("MGET").arg(&keys)).await?;
        // One that an older or newer program wrote may be unreadable here.
        Ok(found.into_iter().flatten().filter_map(|text| serde_json::from_str(&text).ok()).collect())
    }

    async fn set(&self, fault: &Fault, now: Timestamp) -> Result<(), PortError> {
        let text = serde_json::to_string(fault).map_err(super::failure)?;
        let millis = (fault.ends_at.as_millis() - now.as_millis()).max(1);
        let name = Name { operation: "SET", key: "fault" };
        self.0.command(name, cmd("SET").arg(key(fault.kind)).arg(text).arg("PX").arg(millis)).await
    }

    async fn end(&self, kind: FaultKind) -> Result<(), PortError> {
        let name = Name { operation: "DEL", key: "fault" };
        self.0.command(name, cmd("DEL").arg(key(kind))).await
    }
}
