//! Spans that wait to be sent: bounded, and cut into requests.

use super::otlp_json;
use super::record::{Name, SpanRecord, Value};
use std::collections::VecDeque;

/// Spans beyond this number are dropped and counted.
const CAPACITY: usize = 1_024;
/// The browser carries at most 64 kB beyond the page's life, all requests together.
/// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
pub(crate) const PIECE_BYTES: usize = 60_000;
/// The resource attribute that tells how many spans this page has dropped since the last request.
const DROPPED: &str = "glassboard.dropped_spans";

/// One request's worth of spans.
#[derive(Debug)]
pub(crate) struct Piece {
    /// OTLP JSON; beyond `PIECE_BYTES` only when a single span is.
    pub body: String,
    /// How many spans are in it, and were counted as dropped in it.
    pub spans: usize,
    /// Trace id and title of the traces whose roots are in it and of interest to the reader.
    pub announced: Vec<([u8; 16], String)>,
}

/// The waiting spans, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    spans: VecDeque<SpanRecord>,
    dropped: usize,
}

impl Queue {
    /// Never waits: without room the new span is dropped and counted.
    pub(crate) fn push(&mut self, span: SpanRecord) {
        if self.spans.len() < CAPACITY {
            self.spans.push_back(span);
        } else {
            self.dropped += 1;
        }
    }

    /// Counts spans that were lost elsewhere.
    pub(crate) fn lost(&mut self, spans: usize) {
        self.dropped += spans;
    }

    /// Takes the oldest spans that fit into one request; `None` when there are none.
    pub(crate) fn take_piece(&mut self, resource: &[(Name, Value)]) -> Option<Piece> {
        let first = self.spans.pop_front()?;
        let mut resource = resource.to_vec();
        let mut spans = std::mem::take(&mut self.dropped);
        if spans > 0 {
            resource.push((DROPPED.into(), Value::Int(spans as i64)));
        }
        let mut piece = Piece { body: otlp_json::head(&resource), spans: 0, announced: Vec::new() };
        let mut text = otlp_json::span(&first);
        let mut next = Some(first);
        while let Some(span) = next {
            piece.body.push_str(&text);
            spans += 1;
            if let Some(title) = span.title {
                piece.announced.push((span.place.trace_id, title));
            }
            next = None;
            if let Some(candidate) = self.spans.front() {
                text = otlp_json::span(candidate);
                if piece.body.len() + 1 + text.len() + otlp_json::TAIL.len() <= PIECE_BYTES {
                    piece.body.push(',');
                    next = self.spans.pop_front();
                }
            }
        }
        piece.body.push_str(otlp_json::TAIL);
        piece.spans = spans;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{CAPACITY, DROPPED, PIECE_BYTES, Queue};
    use crate::browser::record::SpanRecord;
    use crate::browser::samples;
    use serde_json::Value as Json;

    fn spans_in(body: &str) -> usize {
        let json: Json = serde_json::from_str(body).unwrap();
        json["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len()
    }

    fn wide() -> SpanRecord {
        let mut span = samples::span("wide");
        for i in 0..20 {
            span.set(format!("k{i}"), "x".repeat(1_000));
        }
        span
    }

    #[test]
    fn a_full_queue_drops_the_new_span_and_the_next_request_says_how_many() {
        let mut queue = Queue::default();
        for _ in 0..CAPACITY + 3 {
            queue.push(samples::span("a"));
        }
        assert_eq!(queue.spans.len(), CAPACITY);
        let piece = queue.take_piece(&[]).unwrap();
        let json: Json = serde_json::from_str(&piece.body).unwrap();
        let attribute = &json["resourceSpans"][0]["resource"]["attributes"][0];
        assert_eq!(attribute["key"], DROPPED);
        assert_eq!(attribute["value"]["intValue"], "3");
        assert_eq!(piece.spans, spans_in(&piece.body) + 3);
        assert!(!queue.take_piece(&[]).unwrap().body.contains(DROPPED));
    }

    #[test]
    fn every_span_goes_into_exactly_one_piece_and_none_is_too_large() {
        let mut queue = Queue::default();
        for _ in 0..10 {
            queue.push(wide());
        }
        let mut total = 0;
        while let Some(piece) = queue.take_piece(&[]) {
            assert!(piece.body.len() <= PIECE_BYTES);
            assert_eq!(spans_in(&piece.body), piece.spans);
            total += piece.spans;
        }
        assert_eq!(total, 10);
    }

    #[test]
    fn a_span_larger_than_a_piece_goes_alone() {
        let mut queue = Queue::default();
        let mut large = wide();
        large.name = "x".repeat(PIECE_BYTES).into();
        queue.push(large);
        queue.push(samples::span("a"));
        assert_eq!(queue.take_piece(&[]).unwrap().spans, 1);
        assert_eq!(queue.take_piece(&[]).unwrap().spans, 1);
        assert!(queue.take_piece(&[]).is_none());
    }

    #[test]
    fn a_piece_names_the_traces_that_the_reader_is_told_about() {
        let mut queue = Queue::default();
        let mut root = samples::span("click");
        root.title = Some("click \"Post\"".into());
        queue.push(samples::span("POST"));
        queue.push(root);
        assert_eq!(queue.take_piece(&[]).unwrap().announced, vec![([0xab; 16], "click \"Post\"".to_owned())]);
    }

    #[test]
    fn what_was_lost_in_sending_is_reported_too() {
        let mut queue = Queue::default();
        queue.lost(7);
        assert!(queue.take_piece(&[]).is_none());
        queue.push(samples::span("a"));
        assert!(queue.take_piece(&[]).unwrap().body.contains("\"7\""));
    }
}
