//! The observatory as the server uses it: OTLP in, traces out.
#![allow(clippy::unwrap_used)]

use model::{PageRequest, Part, SpanKind, Timestamp, Trace, TraceId};
use observatory::{Limits, Observatory, TraceFilter, Viewer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use proptest::prelude::*;

const T0: u64 = 1_700_000_000_000_000_000;
const MS: u64 = 1_000_000;

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn span(trace: u8, id: u8, parent: u8, name: &str, start_ms: u64, duration_ms: u64) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: T0 + start_ms * MS,
        end_time_unix_nano: T0 + (start_ms + duration_ms) * MS,
        ..Span::default()
    }
}

fn with(mut span: Span, attributes: &[(&str, &str)]) -> Span {
    span.attributes.extend(attributes.iter().map(|(key, value)| text(key, value)));
    span
}

fn request(resource: &[(&str, &str)], spans: Vec<Span>) -> ExportTraceServiceRequest {
    let attributes = resource.iter().map(|(key, value)| text(key, value)).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    }
}

const BACK: &[(&str, &str)] = &[("service.name", "back")];
const FRONT: &[(&str, &str)] =
    &[("service.name", "front"), ("glassboard.part", "browser"), ("glassboard.visitor", "mina")];

fn id(trace: u8) -> TraceId {
    TraceId::parse(&format!("{trace:02x}").repeat(16)).unwrap()
}

fn person(visitor: Option<&str>, session: Option<&str>) -> Viewer {
    Viewer::Person { visitor: visitor.map(str::to_owned), session: session.map(str::to_owned) }
}

/// A post of a message, as it travels.
fn post() -> Vec<ExportTraceServiceRequest> {
    let sql = with(span(1, 4, 3, "INSERT messages", 12, 5), &[("db.system.name", "sqlite")]);
    let failed = Status { code: 2, message: "disk full".to_owned() };
    let exception = span::Event {
        name: "exception".to_owned(),
        time_unix_nano: T0 + 14 * MS,
        attributes: vec![text("exception.message", "disk full")],
        ..span::Event::default()
    };
    let sql = Span { kind: 3, status: Some(failed), events: vec![exception], ..sql };
    let server = Span {
        kind: 2,
        ..with(span(1, 3, 2, "POST /fn/messages/post", 10, 10), &[("http.route", "/fn/messages/post")])
    };
    let server = with(server, &[("glassboard.visitor", "mina"), ("session.id", "s1")]);
    let send = Span { kind: 4, ..span(1, 5, 3, "send api-logs", 18, 1) };
    vec![
        request(FRONT, vec![with(span(1, 1, 0, "click", 0, 40), &[("target.name", "Post")])]),
        request(FRONT, vec![Span { kind: 3, ..span(1, 2, 1, "POST", 5, 30) }]),
        request(BACK, vec![server]),
        request(BACK, vec![sql]),
        request(BACK, vec![send]),
        request(&[("service.name", "worker")], vec![Span { kind: 5, ..span(1, 6, 5, "process api-logs", 60, 2) }]),
    ]
}

fn observatory(requests: impl IntoIterator<Item = ExportTraceServiceRequest>) -> Observatory {
    let observatory = Observatory::new(Limits::default());
    requests.into_iter().for_each(|request| observatory.ingest(&request));
    observatory
}

fn seen(observatory: &Observatory) -> Trace {
    observatory.trace(id(1), &Viewer::Operator).unwrap()
}

#[test]
fn one_click_is_one_trace_from_the_browser_to_the_worker() {
    let trace = seen(&observatory(post()));
    assert_eq!(trace.title, "click \"Post\"");
    assert_eq!((trace.duration_us, trace.errors()), (62_000, 1));
    assert_eq!(trace.started_at, Timestamp::from_millis(1_700_000_000_000));
    assert_eq!(trace.services(), ["front", "back", "worker"]);
    let rows: Vec<_> =
        trace.spans.iter().map(|span| (span.depth, span.name.as_str(), span.part, span.start_us)).collect();
    let expected = [
        (0, "click", Part::Browser, 0),
        (1, "POST", Part::Browser, 5_000),
        (2, "POST /fn/messages/post", Part::Server, 10_000),
        (3, "INSERT messages", Part::Database, 12_000),
        (3, "send api-logs", Part::Queue, 18_000),
        (4, "process api-logs", Part::Queue, 60_000),
    ];
    assert_eq!(rows, expected);
    let sql = &trace.spans[3];
    assert_eq!((sql.kind, sql.error.as_deref(), sql.duration_us), (SpanKind::Client, Some("disk full"), 5_000));
    assert_eq!((sql.span_id.as_str(), sql.parent_id.as_deref()), ("0404040404040404", Some("0303030303030303")));
    assert_eq!((sql.events[0].name.as_str(), sql.events[0].at_us), ("exception", 14_000));
    assert!(trace.spans.iter().all(|span| !span.orphan));
    assert!(trace.spans.iter().flat_map(|span| &span.attributes).all(|(key, _)| key != "glassboard.visitor"));
}

#[test]
fn a_trace_without_its_root_is_named_after_its_topmost_span() {
    let trace = seen(&observatory(post().into_iter().skip(2)));
    assert_eq!(trace.title, "POST /fn/messages/post");
    assert!(trace.spans[0].orphan && trace.spans[0].depth == 0);
    assert_eq!(trace.spans[0].parent_id.as_deref(), Some("0202020202020202"));
}

#[test]
fn a_page_load_is_named_with_its_path() {
    let load = with(span(1, 1, 0, "documentLoad", 0, 9), &[("url.full", "http://localhost:3000/messages?page=2")]);
    assert_eq!(seen(&observatory([request(FRONT, vec![load])])).title, "documentLoad /messages");
}

#[test]
fn a_span_that_comes_again_is_replaced() {
    let observatory = observatory(post());
    observatory.ingest(&request(BACK, vec![span(1, 6, 5, "again", 60, 100)]));
    let trace = seen(&observatory);
    assert_eq!((trace.spans.len(), trace.duration_us), (6, 160_000));
    assert_eq!(trace.spans[5].name, "again");
    observatory.ingest(&request(BACK, vec![span(1, 6, 5, "again", 60, 1)]));
    assert_eq!(seen(&observatory).duration_us, 61_000);
}

#[test]
fn a_browser_cannot_replace_a_span_of_the_server() {
    let observatory = observatory(post());
    observatory.ingest(&request(FRONT, vec![span(1, 3, 2, "forged", 0, 1)]));
    assert!(seen(&observatory).spans.iter().all(|span| span.name != "forged"));
}

#[test]
fn spans_without_valid_ids_are_left_out() {
    let bad = [
        Span { trace_id: vec![0; 16], ..span(1, 1, 0, "a", 0, 1) },
        Span { trace_id: vec![1; 4], ..span(1, 1, 0, "a", 0, 1) },
        Span { span_id: vec![0; 8], ..span(1, 1, 0, "a", 0, 1) },
        Span::default(),
    ];
    let observatory = observatory([request(BACK, bad.to_vec()), ExportTraceServiceRequest::default()]);
    assert_eq!(observatory.stats().spans, 0);
}

#[test]
fn a_person_sees_the_own_traces_and_an_operator_all() {
    let observatory = observatory(post());
    let may = |viewer: &Viewer| {
        let (list, total) = observatory.recent(viewer, &TraceFilter::default(), PageRequest::default());
        assert_eq!(list.len() as u64, total);
        let opened = observatory.trace(id(1), viewer).is_some();
        assert_eq!(opened, total == 1);
        opened
    };
    assert!(may(&Viewer::Operator));
    assert!(may(&person(Some("mina"), None)));
    assert!(may(&person(None, Some("s1"))));
    assert!(may(&person(Some("other"), Some("s1"))));
    for stranger in
        [person(None, None), person(Some("jun"), Some("s2")), person(Some("s1"), Some("mina")), person(Some(""), None)]
    {
        assert!(!may(&stranger), "{stranger:?}");
    }
    assert_eq!(observatory.trace(id(9), &Viewer::Operator), None);
}

#[test]
fn whoever_joins_a_trace_later_under_another_name_may_not_read_it() {
    let observatory = observatory(post());
    let intruder: &[(&str, &str)] = &[("glassboard.visitor", "eve"), ("session.id", "s9")];
    observatory.ingest(&request(intruder, vec![span(1, 77, 1, "GET /", 1, 1)]));
    assert_eq!(observatory.trace(id(1), &person(Some("eve"), Some("s9"))), None);
    assert!(observatory.trace(id(1), &person(Some("mina"), None)).is_some());
}

#[test]
fn a_visitor_who_signs_in_during_a_trace_sees_it_under_both_names() {
    let visitor = ("glassboard.visitor", "mina");
    let observatory = observatory([
        request(&[visitor], vec![span(1, 1, 0, "a", 0, 1)]),
        request(&[visitor, ("session.id", "s1")], vec![span(1, 2, 1, "b", 0, 1)]),
    ]);
    assert!(observatory.trace(id(1), &person(None, Some("s1"))).is_some());
    assert!(observatory.trace(id(1), &person(Some("mina"), None)).is_some());
}

#[test]
fn the_list_is_filtered_and_paged_newest_first() {
    let observatory = observatory(post());
    for trace in 2..=30 {
        let get = with(
            span(trace, 1, 0, "GET /messages", u64::from(trace) * 100, u64::from(trace)),
            &[("http.route", "/messages")],
        );
        observatory.ingest(&request(BACK, vec![get]));
    }
    let recent = |filter: TraceFilter, page| observatory.recent(&Viewer::Operator, &filter, PageRequest::new(page, 10));
    let total = |filter| recent(filter, 1).1;
    let (first, all) = recent(TraceFilter::default(), 1);
    assert_eq!((first.len(), all, first[0].trace_id), (10, 30, id(30)));
    let (last, _) = recent(TraceFilter::default(), 3);
    assert_eq!(last.last().unwrap().title, "click \"Post\"");
    assert_eq!(last.last().unwrap().services, ["front", "back", "worker"]);
    assert_eq!((last.last().unwrap().spans, last.last().unwrap().errors), (6, 1));
    assert_eq!(recent(TraceFilter::default(), 4).0, []);
    assert_eq!(recent(TraceFilter::default(), u64::MAX).0, []);

    let text = |text: &str| TraceFilter { text: Some(text.to_owned()), ..TraceFilter::default() };
    assert_eq!(total(text("insert MESS")), 1);
    assert_eq!(total(text(" post ")), 1);
    assert_eq!(total(text("0a0a")), 1);
    assert_eq!(total(text("absent")), 0);
    assert_eq!(total(text("")), 30);
    assert_eq!(total(TraceFilter { errors_only: true, ..TraceFilter::default() }), 1);
    assert_eq!(total(TraceFilter { min_duration_us: Some(29_000), ..TraceFilter::default() }), 3);
    assert_eq!(total(TraceFilter { route: Some("/messages".to_owned()), ..TraceFilter::default() }), 29);
    assert_eq!(total(TraceFilter { route: Some("/nowhere".to_owned()), ..TraceFilter::default() }), 0);
    assert_eq!(total(TraceFilter { service: Some("worker".to_owned()), ..TraceFilter::default() }), 1);
    let since = Timestamp::from_millis(1_700_000_000_000 + 2900);
    assert_eq!(total(TraceFilter { since: Some(since), ..TraceFilter::default() }), 2);
}

#[test]
fn the_oldest_traces_go_whole_when_there_are_too_many_spans() {
    let observatory = Observatory::new(Limits { max_spans: 10, ..Limits::default() });
    for trace in 1..=4 {
        observatory.ingest(&request(BACK, (1..=3).map(|id| span(trace, id, id - 1, "a", 0, 1)).collect()));
    }
    let stats = observatory.stats();
    assert_eq!((stats.spans, stats.traces, stats.evicted_traces, stats.evicted_spans), (9, 3, 1, 3));
    assert_eq!(observatory.trace(id(1), &Viewer::Operator), None);
    assert_eq!(observatory.trace(id(2), &Viewer::Operator).unwrap().spans.len(), 3);
}

#[test]
fn a_full_trace_refuses_further_spans() {
    let observatory = Observatory::new(Limits { max_spans_per_trace: 2, ..Limits::default() });
    observatory.ingest(&request(BACK, (1..=5).map(|id| span(1, id, 0, "a", 0, 1)).collect()));
    assert_eq!((seen(&observatory).spans.len(), observatory.stats().refused_spans), (2, 3));
}

#[test]
fn nothing_is_left_over_when_everything_has_gone() {
    let observatory = Observatory::new(Limits { max_bytes: 1, ..Limits::default() });
    post().into_iter().for_each(|request| observatory.ingest(&request));
    let stats = observatory.stats();
    assert_eq!((stats.spans, stats.traces, stats.bytes, stats.evicted_spans), (0, 0, 0, 6));
}

fn any_span() -> impl Strategy<Value = Span> {
    let attributes = proptest::collection::vec(("[a-d]", ".{0,40}"), 0..6);
    (1_u8..6, 1_u8..9, 0_u8..9, 0_u64..50, 0_u64..50, attributes).prop_map(
        |(trace, id, parent, start, duration, attributes)| {
            let pairs: Vec<_> = attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            with(span(trace, id, parent, "name", start, duration), &pairs)
        },
    )
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same_tree(requests in Just(post()).prop_shuffle()) {
        prop_assert_eq!(seen(&observatory(requests)), seen(&observatory(post())));
    }

    #[test]
    fn the_bounds_hold_and_the_figures_add_up(spans in proptest::collection::vec(any_span(), 0..80), max_spans in 1_usize..20, max_bytes in 1_usize..20_000) {
        let observatory = Observatory::new(Limits { max_spans, max_bytes, max_spans_per_trace: 5 });
        for span in spans {
            observatory.ingest(&request(BACK, vec![span]));
            let stats = observatory.stats();
            prop_assert!(stats.spans <= max_spans as u64 && stats.bytes <= max_bytes as u64);
            let traces: Vec<_> = (1..6).filter_map(|trace| observatory.trace(id(trace), &Viewer::Operator)).collect();
            prop_assert_eq!(traces.len() as u64, stats.traces);
            prop_assert_eq!(traces.iter().map(|trace| trace.spans.len() as u64).sum::<u64>(), stats.spans);
        }
    }

    #[test]
    fn the_list_says_what_the_trace_says(spans in proptest::collection::vec(any_span(), 1..40)) {
        let observatory = observatory([request(BACK, spans)]);
        let (list, _) = observatory.recent(&Viewer::Operator, &TraceFilter::default(), PageRequest::default());
        for summary in list {
            let trace = observatory.trace(summary.trace_id, &Viewer::Operator).unwrap();
            prop_assert_eq!((&summary.title, summary.duration_us, summary.started_at), (&trace.title, trace.duration_us, trace.started_at));
            prop_assert_eq!((summary.spans as usize, summary.errors as usize), (trace.spans.len(), trace.errors()));
        }
    }
}
