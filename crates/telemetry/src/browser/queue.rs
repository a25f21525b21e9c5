//! What waits to be sent: bounded, written already, and cut into requests.

use super::otlp_json::{self, Signal};
use super::record::Value;
use crate::names::own;

/// Spans or records beyond this number are dropped and counted.
const CAPACITY: usize = 1_024;
/// The browser carries at most 64 kB beyond the page's life, all requests together.
/// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
pub(crate) const PIECE_BYTES: usize = 60_000;

/// A trace's id and title.
pub(crate) type Announcement = ([u8; 16], String);

/// One request's worth.
#[derive(Debug)]
pub(crate) struct Piece {
    pub signal: Signal,
    /// OTLP JSON; beyond `PIECE_BYTES` only when a single span or record is.
    pub body: String,
    /// How many spans or records are in it, and were counted as dropped in it.
    pub items: usize,
    /// The traces whose roots are in it and of interest to the reader.
    pub announced: Vec<Announcement>,
}

#[derive(Debug)]
struct Waiting {
    json: String,
    announced: Option<Announcement>,
}

/// The waiting spans or records, oldest first.
#[derive(Debug)]
pub(crate) struct Queue {
    signal: Signal,
    /// The resource attribute that tells how many this page has dropped since the last request.
    dropped_name: &'static str,
    waiting: Vec<Waiting>,
    dropped: usize,
}

impl Queue {
    pub(crate) const fn new(signal: Signal) -> Self {
        let dropped_name = match signal {
            Signal::Traces => own::DROPPED_SPANS,
            Signal::Logs => own::DROPPED_LOG_RECORDS,
        };
        Self { signal, dropped_name, waiting: Vec::new(), dropped: 0 }
    }

    /// Takes a span or record as a JSON object. Never waits: without room it is dropped and counted.
    pub(crate) fn push(&mut self, json: String, announced: Option<Announcement>) {
        if self.waiting.len() < CAPACITY {
            self.waiting.push(Waiting { json, announced });
        } else {
            self.dropped += 1;
        }
    }

    /// Counts what was lost elsewhere.
    pub(crate) fn lost(&mut self, items: usize) {
        self.dropped += items;
    }

    /// Takes the oldest that fit into one request; `None` when there are none.
    pub(crate) fn take_piece(&mut self, resource: &[(&'static str, Value)]) -> Option<Piece> {
        if self.waiting.is_empty() {
            return None;
        }
        let mut resource = resource.to_vec();
        let mut items = std::mem::take(&mut self.dropped);
        if items > 0 {
            resource.push((self.dropped_name, Value::Int(items as i64)));
        }
        let mut body = otlp_json::head(self.signal, &resource);
        let mut announced = Vec::new();
        let mut bytes = body.len() + otlp_json::TAIL.len();
        // At least one goes, however long.
        let fitting = self.waiting.iter().enumerate().take_while(|(i, one)| {
            bytes += one.json.len() + 1;
            *i == 0 || bytes <= PIECE_BYTES
        });
        let fitting = fitting.count();
        for (i, one) in self.waiting.drain(..fitting).enumerate() {
            if i > 0 {
                body.push(',');
            }
            body.push_str(&one.json);
            announced.extend(one.announced);
        }
        items += fitting;
        body.push_str(otlp_json::TAIL);
        Some(Piece { signal: self.signal, body, items, announced })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{CAPACITY, PIECE_BYTES, Piece, Queue, Signal};
    use serde_json::Value as Json;

    const SPAN: &str = r#"{"name":"a"}"#;

    fn items_in(piece: &Piece) -> usize {
        let json: Json = serde_json::from_str(&piece.body).unwrap();
        json["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len()
    }

    fn wide(bytes: usize) -> String {
        format!("{{\"name\":\"{}\"}}", "x".repeat(bytes))
    }

    #[test]
    fn a_full_queue_drops_the_new_span_and_the_next_request_says_how_many() {
        let mut queue = Queue::new(Signal::Traces);
        for _ in 0..CAPACITY + 3 {
            queue.push(SPAN.to_owned(), None);
        }
        assert_eq!(queue.waiting.len(), CAPACITY);
        let piece = queue.take_piece(&[]).unwrap();
        let json: Json = serde_json::from_str(&piece.body).unwrap();
        let attribute = &json["resourceSpans"][0]["resource"]["attributes"][0];
        assert_eq!(attribute["key"], "glassboard.dropped_spans");
        assert_eq!(attribute["value"]["intValue"], "3");
        assert_eq!(piece.items, items_in(&piece) + 3);
        assert!(queue.take_piece(&[]).is_none_or(|piece| !piece.body.contains("dropped")));
    }

    #[test]
    fn every_span_goes_into_exactly_one_piece_and_none_is_too_large() {
        let mut queue = Queue::new(Signal::Traces);
        for _ in 0..10 {
            queue.push(wide(20_000), None);
        }
        let mut total = 0;
        while let Some(piece) = queue.take_piece(&[]) {
            assert!(piece.body.len() <= PIECE_BYTES);
            assert_eq!(items_in(&piece), piece.items);
            total += piece.items;
        }
        assert_eq!(total, 10);
    }

    #[test]
    fn a_span_larger_than_a_piece_goes_alone() {
        let mut queue = Queue::new(Signal::Traces);
        queue.push(wide(PIECE_BYTES), None);
        queue.push(SPAN.to_owned(), None);
        assert_eq!(queue.take_piece(&[]).unwrap().items, 1);
        assert_eq!(queue.take_piece(&[]).unwrap().items, 1);
        assert!(queue.take_piece(&[]).is_none());
    }

    #[test]
    fn a_piece_names_the_traces_that_the_reader_is_told_about() {
        let mut queue = Queue::new(Signal::Traces);
        let announcement = ([0xab; 16], "click \"Post\"".to_owned());
        queue.push(SPAN.to_owned(), None);
        queue.push(SPAN.to_owned(), Some(announcement.clone()));
        assert_eq!(queue.take_piece(&[]).unwrap().announced, vec![announcement]);
    }

    #[test]
    fn what_was_lost_in_sending_is_reported_too() {
        let mut queue = Queue::new(Signal::Logs);
        queue.lost(7);
        assert!(queue.take_piece(&[]).is_none());
        queue.push(SPAN.to_owned(), None);
        let piece = queue.take_piece(&[]).unwrap();
        assert!(piece.body.contains("glassboard.dropped_log_records") && piece.body.contains("\"7\""));
        assert!(piece.signal == Signal::Logs && piece.body.starts_with("{\"resourceLogs\""));
    }
}
