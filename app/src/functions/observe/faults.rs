use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, Fault, Timestamp};
use serde::{Deserialize, Serialize};
use telemetry::client::{QuietClient, TracedClient};

/// The faults that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    pub asked_at: Timestamp,
    /// `None` where there can be none.
    pub faults: Option<Vec<Fault>>,
}

#[cfg(feature = "ssr")]
impl FaultReport {
    fn now() -> Self {
        let board = &crate::context::state().board;
        let faults = board.faults();
        Self { asked_at: board.ports().clock.now(), faults: faults.are_possible().then(|| faults.now()) }
    }
}

/// The faults that last, for operators.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`.
#[server(prefix = "/fn", endpoint = "faults/list", protocol = Call, client = QuietClient)]
pub async fn list_faults() -> Result<FaultReport, BoardError> {
    crate::functions::door::answer(crate::context::operator().map(|_| FaultReport::now()))
}

/// Starts a fault of this kind, or replaces it: so much of it, for 1 to 60 minutes. For operators.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`, `InvalidFault`, `Unavailable`; `NotFound` in production.
#[server(prefix = "/fn", endpoint = "faults/start", client = TracedClient)]
pub async fn start_fault(kind: String, amount: String, minutes: String) -> Result<FaultReport, BoardError> {
    use model::{Code, FaultKind};
    let result = async {
        let (who, _) = crate::context::operator()?;
        let number = |text: &str| text.trim().parse().map_err(|_| Code::InvalidFault);
        let kind = FaultKind::parse(&kind).ok_or(Code::InvalidFault)?;
        let (amount, minutes) = (number(&amount)?, number(&minutes)?);
        crate::context::state().board.faults().start(kind, amount, minutes, &who.username).await?;
        Ok(FaultReport::now())
    };
    crate::functions::door::answer(result.await)
}

/// Ends the fault of this kind, if there is one. For operators.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`, `InvalidFault`, `Unavailable`; `NotFound` in production.
#[server(prefix = "/fn", endpoint = "faults/end", client = TracedClient)]
pub async fn end_fault(kind: String) -> Result<FaultReport, BoardError> {
    let result = async {
        let (who, _) = crate::context::operator()?;
        let kind = model::FaultKind::parse(&kind).ok_or(model::Code::InvalidFault)?;
        crate::context::state().board.faults().end(kind, &who.username).await?;
        Ok(FaultReport::now())
    };
    crate::functions::door::answer(result.await)
}
