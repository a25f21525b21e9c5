//! Reads the metrics now and then, and hands them to the collector.

use crate::server::forwarder::Forwarder;
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

/// The thread that reads; it ends, after a last reading, when told.
#[derive(Debug)]
pub struct Reader {
    end: Mutex<Option<mpsc::Sender<()>>>,
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Reader {
    pub(in crate::server) fn start(
        interval: Duration,
        resource: Resource,
        forwarder: Forwarder,
    ) -> std::io::Result<Self> {
        let (end, told) = mpsc::channel::<()>();
        let (done, ended) = mpsc::channel();
        std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            loop {
                let goes_on = told.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout);
                forwarder.forward(&super::export(&resource));
                if !goes_on {
                    break;
                }
            }
            let _ = done.send(());
        })?;
        Ok(Self { end: Mutex::new(Some(end)), ended: Mutex::new(ended) })
    }

    /// Reads a last time and ends.
    pub(in crate::server) fn finish(&self, limit: Duration) {
        drop(self.end.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _ = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(limit);
    }
}
