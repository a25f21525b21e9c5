use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a client was told about its brokers last.
#[derive(Default)]
pub(super) struct Connectivity(Mutex<Option<String>>);

impl Connectivity {
    /// What keeps the brokers away.
    pub(super) fn failure(&self) -> Option<String> {
        self.lock().clone()
    }

    /// A broker has answered.
    pub(super) fn answered(&self) {
        if self.lock().take().is_some() {
            tracing::info!("the event bus answers again");
        }
    }

    pub(super) fn failed(&self, error: &KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // One broker of several; when it is all of them, that is told too.
        if code == Some(RDKafkaErrorCode::BrokerTransportFailure) && self.lock().is_some() {
            return;
        }
        let told = match code {
            Some(RDKafkaErrorCode::Authentication) => {
                format!("the broker refuses the user name or password ({reason})")
            }
            Some(RDKafkaErrorCode::SSL) => format!("the broker's certificate can't be trusted ({reason})"),
            Some(
                RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve,
            ) => format!("no broker answers ({reason})"),
            _ => reason.to_owned(),
        };
        let known = self.lock().replace(told.clone());
        let is_about_access = matches!(code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL));
        match known {
            None => tracing::warn!(exception.message = told, "the event bus does not answer: events wait on disk"),
            // The reason is told, not that all brokers are down because of it.
            Some(known) if !is_about_access => *self.lock() = Some(known),
            Some(_) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the client library says of itself is for those who look into it.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    tracing::debug!(target: "librdkafka", level = ?level, facility, "{message}");
}
