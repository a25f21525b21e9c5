#![allow(clippy::unwrap_used)]
use super::{Config, Recorder, SpanSink, Telemetry, assemble};
use crate::propagation::TraceParent;
use crate::server::{
    EndedSpans, Keep, LogFormat, Sampling, WhileOpen, add_link, current_trace_parent, decide_trace, keep_trace, otlp,
    set_remote_parent, trace_parent_of,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
struct Kept<T>(Arc<Mutex<Vec<T>>>);

impl SpanSink for Kept<ExportTraceServiceRequest> {
    fn record(&self, spans: &EndedSpans) {
        let request = otlp::traces(&Resource::default(), spans.iter());
        self.ingest(&ExportTraceServiceRequest::decode(&*request).unwrap());
    }

    fn ingest(&self, request: &ExportTraceServiceRequest) {
        self.0.lock().unwrap().push(request.clone());
    }
}

impl Write for Kept<u8> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Fixture {
    telemetry: Telemetry,
    requests: Kept<ExportTraceServiceRequest>,
    output: Kept<u8>,
}

fn fixture(format: LogFormat) -> (Fixture, Recorder) {
    let config = Config { log_format: format, ..Config::from_env(|_| None).unwrap() };
    let (requests, output) = (Kept::default(), Kept::default());
    let (telemetry, subscriber) = assemble(&config, Arc::new(requests.clone()), output.clone()).unwrap();
    (Fixture { telemetry, requests, output }, subscriber)
}

impl Fixture {
    fn spans(&self) -> Vec<Span> {
        assert!(self.telemetry.flush(LONG));
        let requests = self.requests.0.lock().unwrap();
        let scopes = requests.iter().flat_map(|request| &request.resource_spans).flat_map(|of| &of.scope_spans);
        scopes.flat_map(|scope| &scope.spans).cloned().collect()
    }

    fn lines(&self) -> Vec<String> {
        assert!(self.telemetry.flush(LONG));
        let bytes = self.output.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

fn text<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[test]
fn a_span_reaches_the_sink_under_its_remote_parent_with_name_kind_and_status() {
    let (fixture, subscriber) = fixture(LogFormat::Json);
    let remote = TraceParent { trace_id: [7; 16], span_id: [8; 8], sampled: true };
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!(
            "request",
            otel.kind = "server",
            otel.name = "request",
            http.route = "/a",
            otel.status_code = tracing::field::Empty
        );
        set_remote_parent(&span, remote);
        span.in_scope(|| {
            assert_eq!(current_trace_parent().map(|place| place.trace_id), Some(remote.trace_id));
            assert_eq!(current_trace_parent(), trace_parent_of(&span));
            tracing::info_span!("inner", db.password = "hunter2").in_scope(|| {});
            span.record("otel.name", "GET /a");
            span.record("otel.status_code", "error");
        });
    });
    let spans = fixture.spans();
    let [inner, outer] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((outer.name.as_str(), outer.kind), ("GET /a", SpanKind::Server as i32));
    assert_eq!((&outer.trace_id[..], &outer.parent_span_id[..]), (&[7; 16][..], &[8; 8][..]));
    assert_eq!(outer.status.as_ref().unwrap().code, StatusCode::Error as i32);
    assert_eq!(text(outer, "http.route"), Some("/a"));
    assert_eq!(outer.attributes.len(), 1, "{:?}", outer.attributes);
    assert_eq!(inner.parent_span_id, outer.span_id);
    assert_eq!(text(inner, "db.password"), Some("***"));
}

#[test]
fn a_spans_future_is_current_only_while_it_is_polled() {
    let (_fixture, subscriber) = fixture(LogFormat::Json);
    tracing::subscriber::with_default(subscriber, || {
        assert_eq!(current_trace_parent(), None);
        let span = tracing::info_span!("outer");
        let entered = span.enter();
        let id = current_trace_parent().map(|place| place.trace_id_hex());
        assert!(id.is_some());
        drop(entered);
        assert_eq!(current_trace_parent(), None);
        assert_eq!(trace_parent_of(&span).map(|parent| parent.trace_id_hex()), id);
    });
}

#[test]
fn a_logged_event_is_one_json_line_with_the_ids_of_its_span() {
    let (fixture, subscriber) = fixture(LogFormat::Json);
    let mut parent = None;
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("outside");
        tracing::debug!("not logged");
        tracing::info_span!("request").in_scope(|| {
            parent = current_trace_parent();
            tracing::warn!(target: "board", count = 3, ratio = 0.5, ok = true, token = "abc", text = "two\nlines \"quoted\"", "hello {}", 1);
        });
    });
    let lines = fixture.lines();
    assert_eq!(lines.len(), 2);
    let outside: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(outside["message"], "outside");
    assert!(outside.get("trace_id").is_none() && outside.get("fields").is_none());
    let line: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    let expected =
        serde_json::json!({"count": 3, "ratio": 0.5, "ok": true, "token": "***", "text": "two\nlines \"quoted\""});
    assert_eq!(line["fields"], expected);
    assert_eq!((line["level"].as_str(), line["target"].as_str()), (Some("WARN"), Some("board")));
    assert_eq!(line["message"], "hello 1");
    assert_eq!(line["trace_id"], parent.unwrap().trace_id_hex());
    assert_eq!(line["span_id"], parent.unwrap().span_id_hex());
    let time = line["timestamp"].as_str().unwrap();
    assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
}

#[test]
fn a_text_line_stays_one_line_whatever_it_holds() {
    let (fixture, subscriber) = fixture(LogFormat::Text);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(name = "a\r\n2026 INFO forged: line", "hello");
    });
    let lines = fixture.lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with(r"hello name=a\r\n2026 INFO forged: line"), "{}", lines[0]);
}

#[test]
fn access_lines_are_logged_but_do_not_repeat_in_the_span() {
    let (fixture, subscriber) = fixture(LogFormat::Json);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("request").in_scope(|| {
            tracing::info!(target: "access", "GET /");
            tracing::error!(exception.message = "broken", "exception");
        });
    });
    assert_eq!(fixture.lines().len(), 2);
    let spans = fixture.spans();
    let [event] = &spans[0].events[..] else { panic!("{spans:?}") };
    assert_eq!(event.name, "exception");
    assert_eq!(spans[0].status.as_ref().unwrap().code, StatusCode::Error as i32);
}

#[test]
fn relayed_spans_reach_the_sink_too() {
    let (fixture, _subscriber) = fixture(LogFormat::Json);
    fixture.telemetry.accept_traces(&ExportTraceServiceRequest::default());
    assert_eq!(fixture.requests.0.lock().unwrap().len(), 1);
}

#[test]
fn after_the_shutdown_spans_are_counted_as_lost() {
    let (fixture, subscriber) = fixture(LogFormat::Json);
    tracing::subscriber::with_default(subscriber, || {
        drop(tracing::info_span!("kept").entered());
        fixture.telemetry.shutdown(LONG);
        drop(tracing::info_span!("lost").entered());
    });
    assert_eq!(fixture.requests.0.lock().unwrap().len(), 1);
    assert_eq!(fixture.telemetry.stats().dropped_spans, 1);
}

#[test]
fn a_parent_closes_after_its_children_and_its_place_may_be_taken_again() {
    let (fixture, recorder) = fixture(LogFormat::Json);
    tracing::subscriber::with_default(recorder, || {
        for _ in 0..100 {
            let parent = tracing::info_span!("parent");
            let child = tracing::info_span!(parent: &parent, "child");
            drop(parent);
            let other = tracing::info_span!(parent: None, "other");
            other.follows_from(&child);
            drop(child);
        }
    });
    let spans = fixture.spans();
    assert_eq!(spans.len(), 300);
    for three in spans.chunks(3) {
        let [child, parent, other] = three else { panic!("{three:?}") };
        assert_eq!((child.name.as_str(), parent.name.as_str(), other.name.as_str()), ("child", "parent", "other"));
        assert_eq!((&child.trace_id, &child.parent_span_id), (&parent.trace_id, &parent.span_id));
        assert!(child.end_time_unix_nano <= parent.end_time_unix_nano && parent.parent_span_id.is_empty());
        assert!(other.parent_span_id.is_empty() && other.trace_id != parent.trace_id);
        assert_eq!(other.links[0].span_id, child.span_id);
    }
}

#[test]
fn values_that_record_while_they_are_read_do_no_harm() {
    struct Chatty;
    impl std::fmt::Debug for Chatty {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            tracing::info_span!("inside", deep = 1).in_scope(|| tracing::info!(at = "inside", "hello"));
            f.write_str("chatty")
        }
    }
    let (fixture, recorder) = fixture(LogFormat::Json);
    tracing::subscriber::with_default(recorder, || {
        let span = tracing::info_span!("outside", first = ?Chatty, later = tracing::field::Empty);
        span.record("later", tracing::field::debug(Chatty));
        span.in_scope(|| tracing::info!(value = ?Chatty, "event"));
    });
    let spans = fixture.spans();
    let outside = spans.iter().find(|span| span.name == "outside").unwrap();
    assert_eq!((text(outside, "first"), text(outside, "later")), (Some("chatty"), Some("chatty")));
    assert_eq!(outside.events.len(), 1);
}

#[test]
fn what_a_span_keeps_is_bounded() {
    let (fixture, recorder) = fixture(LogFormat::Json);
    let (long, secret) = ("각".repeat(10_000), "hunter2");
    tracing::subscriber::with_default(recorder, || {
        let span = tracing::info_span!("busy", long, number = u64::MAX, token = ?secret, again = 1);
        span.record("again", 2);
        let elsewhere = TraceParent { trace_id: [1; 16], span_id: [2; 8], sampled: true };
        (0..200).for_each(|_| add_link(&span, elsewhere));
        span.in_scope(|| (0..200).for_each(|n| tracing::debug!(n, "not kept")));
        span.in_scope(|| (0..200).for_each(|n| tracing::info!(n, "kept")));
    });
    let spans = fixture.spans();
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert!(text(span, "long").unwrap().len() <= 8192 && text(span, "long").unwrap().starts_with("각각"));
    assert_eq!(text(span, "number"), Some("18446744073709551615"));
    assert_eq!(text(span, "token"), Some("***"));
    assert_eq!(span.attributes.iter().filter(|attribute| attribute.key == "again").count(), 1);
    assert_eq!((span.links.len(), span.events.len(), span.dropped_events_count), (128, 128, 72));
}

#[test]
fn many_threads_keep_their_spans_apart() {
    let (fixture, recorder) = fixture(LogFormat::Json);
    let dispatch = tracing::Dispatch::new(recorder);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let dispatch = dispatch.clone();
            std::thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    for _ in 0..100 {
                        let outer = tracing::info_span!("outer").entered();
                        let inner = tracing::info_span!("inner").entered();
                        assert_eq!(current_trace_parent(), trace_parent_of(&inner));
                        drop((inner, outer));
                        assert_eq!(current_trace_parent(), None);
                    }
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let spans = fixture.spans();
    let outer: std::collections::HashSet<_> =
        spans.iter().filter(|span| span.name == "outer").map(|span| (&span.trace_id, &span.span_id)).collect();
    let inner = spans.iter().filter(|span| span.name == "inner");
    assert_eq!((spans.len(), outer.len()), (1600, 800));
    assert_eq!(inner.filter(|span| outer.contains(&(&span.trace_id, &span.parent_span_id))).count(), 800);
}

fn sampled(sampling: Sampling) -> (Fixture, Recorder) {
    let config = Config { sampling, ..Config::from_env(|_| None).unwrap() };
    let (requests, output) = (Kept::default(), Kept::default());
    let (telemetry, subscriber) = assemble(&config, Arc::new(requests.clone()), output.clone()).unwrap();
    (Fixture { telemetry, requests, output }, subscriber)
}

#[test]
fn a_part_of_a_trace_is_kept_whole_or_not_at_all_and_errors_always() {
    let sampling = Sampling { keep: Keep::Ratio(0.0), ..Sampling::default() };
    let (fixture, subscriber) = sampled(sampling);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("uneventful").in_scope(|| tracing::info_span!("inner").in_scope(|| {}));
        tracing::info_span!("failing").in_scope(|| {
            tracing::info_span!("before").in_scope(|| {});
            tracing::info_span!("broken").in_scope(|| tracing::error!("no"));
            tracing::info_span!("after").in_scope(|| {});
        });
        let forced = tracing::info_span!("forced");
        forced.in_scope(|| keep_trace(&tracing::info_span!("asks for it")));
    });
    let spans = fixture.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["before", "broken", "after", "failing", "asks for it", "forced"]);
    assert!(spans.iter().all(|span| span.flags == 1), "who sees them may trust that they are kept");
}

#[test]
fn what_others_were_told_of_a_trace_stays_so() {
    let sampling = Sampling { keep: Keep::Ratio(0.0), ..Sampling::default() };
    let (fixture, subscriber) = sampled(sampling);
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("dropped");
        span.in_scope(|| assert!(!decide_trace(&span).unwrap().sampled));
        span.in_scope(|| tracing::error!("too late"));
        let span = tracing::info_span!("kept");
        span.in_scope(|| {
            tracing::error!("in time");
            assert!(decide_trace(&span).unwrap().sampled);
            assert!(current_trace_parent().unwrap().sampled);
            let send = tracing::info_span!("send");
            assert!(trace_parent_of(&send).unwrap().sampled, "whoever gets it is told");
        });
    });
    let names: Vec<_> = fixture.spans().iter().map(|span| span.name.clone()).collect();
    assert_eq!(names, ["send", "kept"]);
}

#[test]
fn a_consumer_follows_whoever_sent_and_a_callers_choice_counts_where_it_is_wanted() {
    let remote = |sampled| TraceParent { trace_id: [7; 16], span_id: [8; 8], sampled };
    for (parent_based, kind, flag, kept) in [
        (false, "consumer", true, true),
        (false, "consumer", false, false),
        (false, "server", true, false),
        (true, "server", true, true),
        (true, "server", false, false),
    ] {
        let (fixture, subscriber) = sampled(Sampling { keep: Keep::Ratio(0.0), parent_based, slow: None });
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("x", otel.kind = kind);
            set_remote_parent(&span, remote(flag));
        });
        assert_eq!(fixture.spans().len(), usize::from(kept), "{kind} {parent_based} {flag}");
    }
}

#[test]
fn a_disabled_sdk_records_nothing_but_the_log() {
    let config = Config::from_env(|name| (name == "OTEL_SDK_DISABLED").then(|| "true".to_owned())).unwrap();
    let (requests, output) = (Kept::default(), Kept::default());
    let (telemetry, subscriber) = assemble(&config, Arc::new(requests.clone()), output.clone()).unwrap();
    let fixture = Fixture { telemetry, requests, output };
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("unseen").in_scope(|| tracing::info!("heard"));
    });
    assert_eq!(fixture.spans(), []);
    assert_eq!(fixture.lines().len(), 1);
}

#[test]
fn what_goes_on_in_the_background_belongs_to_its_span_without_keeping_it_open() {
    let (fixture, subscriber) = fixture(LogFormat::Json);
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("request");
        let place = trace_parent_of(&span);
        let (mut seen, mut polls) = (Vec::new(), 0);
        let work = std::future::poll_fn(|_| {
            seen.push(current_trace_parent());
            polls += 1;
            if polls == 3 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        });
        let mut work = span.in_scope(|| Box::pin(WhileOpen::current(Box::pin(work))));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
        drop(span);
        assert_eq!(fixture.spans().len(), 1, "ended with its last handle");
        let other = tracing::info_span!("takes its place");
        assert!(work.as_mut().poll(&mut context).is_pending());
        drop(other);
        assert!(work.as_mut().poll(&mut context).is_ready());
        drop(work);
        assert_eq!(seen, [place, None, None]);
    });
}

#[test]
fn a_panic_is_logged_with_the_trace_it_broke() {
    let (fixture, recorder) = fixture(LogFormat::Json);
    super::super::panics::log();
    tracing::subscriber::with_default(recorder, || {
        let _entered = tracing::info_span!("request").entered();
        std::panic::catch_unwind(|| panic!("out of {}", "order")).unwrap_err();
    });
    let lines = fixture.lines().into_iter().map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
    let line = lines.into_iter().find(|line| line["message"] == "panicked").unwrap();
    assert_eq!(line["fields"]["event.name"], "exception");
    assert_eq!(line["fields"]["exception.message"], "out of order");
    assert!(line["fields"]["code.file.path"].as_str().unwrap().ends_with("start_tests.rs"), "{line}");
    let span = &fixture.spans()[0];
    assert_eq!(line["trace_id"].as_str().unwrap(), crate::propagation::hex::encode(&span.trace_id));
    assert_eq!(span.status.as_ref().unwrap().code, StatusCode::Error as i32);
}

#[test]
fn everything_that_a_span_says_is_read_back_and_nothing_of_it_is_the_next_ones() {
    let (fixture, subscriber) = fixture(LogFormat::Json);
    let elsewhere = TraceParent { trace_id: [1; 16], span_id: [2; 8], sampled: true };
    let full = || {
        let span = tracing::info_span!(
            "own",
            otel.name = "named",
            otel.kind = "consumer",
            otel.status_code = "error",
            otel.status_message = "it broke",
            a = false,
            b = -7_i64,
            c = 0.0,
            d = ""
        );
        (0..130).for_each(|_| add_link(&span, elsewhere));
        span.in_scope(|| (0..130).for_each(|at| tracing::info!(at, "happened")));
        span
    };
    tracing::subscriber::with_default(subscriber, || {
        drop(full());
        drop(tracing::info_span!("bare"));
        // Closed by another thread, which goes on with what it took.
        let (span, dispatch) = (full(), tracing::dispatcher::get_default(Clone::clone));
        let other = move || {
            tracing::dispatcher::with_default(&dispatch, || {
                drop(span);
                drop(tracing::info_span!("bare"));
            })
        };
        std::thread::spawn(other).join().unwrap();
    });
    let spans = fixture.spans();
    assert_eq!(spans.len(), 4);
    for [full, bare] in spans.as_chunks::<2>().0 {
        assert_eq!((&*full.name, full.kind), ("named", SpanKind::Consumer as i32));
        let status = full.status.as_ref().unwrap();
        assert_eq!((&*status.message, status.code), ("it broke", StatusCode::Error as i32));
        let values: Vec<_> = full.attributes.iter().map(|pair| pair.value.clone().unwrap().value.unwrap()).collect();
        let expected =
            [Value::BoolValue(false), Value::IntValue(-7), Value::DoubleValue(0.0), Value::StringValue(String::new())];
        assert_eq!(values, expected);
        let [first, .., last] = &full.events[..] else { panic!("{full:?}") };
        assert_eq!((&*first.name, full.events.len(), full.dropped_events_count), ("happened", 128, 2));
        assert!(full.start_time_unix_nano <= first.time_unix_nano && first.time_unix_nano <= full.end_time_unix_nano);
        assert_eq!(last.attributes[0].value.clone().unwrap().value, Some(Value::IntValue(127)));
        assert_eq!((full.links.len(), full.dropped_links_count), (128, 2));
        assert_eq!((&full.links[127].trace_id[..], full.links[127].flags), (&[1; 16][..], 1));

        let ids = Span {
            trace_id: bare.trace_id.clone(),
            span_id: bare.span_id.clone(),
            start_time_unix_nano: bare.start_time_unix_nano,
            end_time_unix_nano: bare.end_time_unix_nano,
            ..Span::default()
        };
        assert_eq!(*bare, Span { name: "bare".to_owned(), kind: SpanKind::Internal as i32, flags: 1, ..ids });
    }
}
