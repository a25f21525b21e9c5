#![allow(clippy::unwrap_used)]

use super::record::{Kind, SpanRecord, Status, Value};
use super::recorder::{self, Recorder, Surroundings};
use crate::propagation::TraceParent;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tracing::{Instrument, Span, error, info, info_span, instrument};

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_000) };
    static NEXT_ID: Cell<u8> = const { Cell::new(1) };
    static ENDED: RefCell<Vec<SpanRecord>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` under a recorder whose clock stands still unless `later` moves it; returns the spans as they ended.
fn recorded(f: impl FnOnce()) -> Vec<SpanRecord> {
    recorder::install(Surroundings {
        now_us: || NOW.get(),
        random: |bytes| {
            bytes.fill(NEXT_ID.get());
            NEXT_ID.set(NEXT_ID.get() + 1);
        },
        keeps: |_| true,
        ended: |record| ENDED.with_borrow_mut(|ended| ended.push(record)),
    });
    tracing::subscriber::with_default(Recorder, f);
    ENDED.take()
}

fn later(us: u64) {
    NOW.set(NOW.get() + us);
}

fn named<'a>(spans: &'a [SpanRecord], name: &str) -> &'a SpanRecord {
    spans.iter().find(|span| span.name == name).unwrap()
}

fn assert_child(spans: &[SpanRecord], child: &str, parent: &str) {
    let (child, parent) = (named(spans, child), named(spans, parent));
    assert_eq!(child.parent_id, Some(parent.place.span_id));
    assert_eq!(child.place.trace_id, parent.place.trace_id);
    assert!(parent.start_us <= child.start_us && child.end_us <= parent.end_us);
}

#[test]
fn a_span_is_current_only_while_its_future_is_polled() {
    let spans = recorded(|| {
        let task = |name: &'static str, inner: &'static str| {
            async move {
                let mut waited = false;
                std::future::poll_fn(|_| {
                    if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                info_span!("x", otel.name = inner);
            }
            .instrument(info_span!("x", otel.name = name))
        };
        let (mut one, mut two) = (pin!(task("one", "in one")), pin!(task("two", "in two")));
        let mut context = Context::from_waker(Waker::noop());
        assert!(one.as_mut().poll(&mut context).is_pending());
        assert!(two.as_mut().poll(&mut context).is_pending());
        info_span!("between");
        assert!(one.as_mut().poll(&mut context).is_ready());
        assert!(two.as_mut().poll(&mut context).is_ready());
    });
    assert_child(&spans, "in one", "one");
    assert_child(&spans, "in two", "two");
    assert_eq!(named(&spans, "between").parent_id, None);
    assert_ne!(named(&spans, "one").place.trace_id, named(&spans, "two").place.trace_id);
}

#[test]
fn explicit_parents_remote_parents_and_roots_win_over_the_current_span() {
    let remote = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let spans = recorded(|| {
        let other = info_span!("other");
        let current = info_span!("current").entered();
        info_span!(parent: &other, "explicit");
        info_span!(parent: None, "root");
        info_span!("remote", traceparent = remote);
        info_span!("contextual");
        drop(current);
    });
    assert_child(&spans, "explicit", "other");
    assert_child(&spans, "contextual", "current");
    assert_eq!(named(&spans, "root").parent_id, None);
    let parent = TraceParent::parse(remote).unwrap();
    assert_eq!(named(&spans, "remote").parent_id, Some(parent.span_id));
    assert_eq!(named(&spans, "remote").place.trace_id, parent.trace_id);
}

#[test]
fn the_special_fields_are_not_attributes() {
    let spans = recorded(|| {
        let span =
            info_span!("x", otel.name = "POST", otel.kind = "client", count = 3_u64, late = tracing::field::Empty);
        span.record("late", true);
        info_span!("failed", otel.status_code = "ERROR", otel.status_message = "no");
        info_span!("fine", otel.status_code = "ok");
    });
    let post = named(&spans, "POST");
    assert_eq!(post.kind, Kind::Client);
    assert_eq!(post.attributes, vec![("count", Value::Int(3)), ("late", Value::Bool(true))]);
    assert_eq!(named(&spans, "failed").status, Status::Error("no".into()));
    assert_eq!(named(&spans, "fine").status, Status::Ok);
}

#[test]
fn events_become_span_events_and_an_error_fails_its_span() {
    let spans = recorded(|| {
        info!("nobody listens");
        info_span!("calm").in_scope(|| info!(n = 1, "hello"));
        info_span!("hurt").in_scope(|| error!("ouch"));
    });
    let calm = named(&spans, "calm");
    assert_eq!((calm.events[0].name.as_str(), &calm.status), ("hello", &Status::Unset));
    assert_eq!(calm.events[0].attributes, vec![("n", Value::Int(1))]);
    assert_eq!(named(&spans, "hurt").status, Status::Error("ouch".into()));
}

#[test]
fn an_action_ends_with_its_last_child_and_not_with_its_last_handle() {
    let spans = recorded(|| {
        let action = recorder::span("click", &Span::none());
        recorder::make_action(&action);
        later(10);
        recorder::extend(&action, NOW.get());
        let child = recorder::span("POST", &action);
        later(100);
        drop(child);
        later(1_000);
    });
    assert_child(&spans, "POST", "click");
    let click = named(&spans, "click");
    assert_eq!(click.end_us - click.start_us, 110);
    assert_eq!(click.title.as_deref(), Some("click"));
}

#[test]
fn an_action_that_started_nothing_is_recorded_but_not_announced() {
    let spans = recorded(|| recorder::make_action(&recorder::span("click", &Span::none())));
    assert_eq!(named(&spans, "click").title, None);
}

#[test]
fn no_parent_is_handed_over_before_its_children() {
    let spans = recorded(|| {
        let parent = info_span!("parent");
        let child = info_span!(parent: &parent, "child");
        drop(parent);
        later(5);
        drop(child);
    });
    assert_eq!(spans.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["child", "parent"]);
    assert_child(&spans, "child", "parent");
}

#[test]
fn what_starts_in_the_ambient_action_becomes_its_child_and_may_be_carried_on() {
    let spans = recorded(|| {
        let action = recorder::span("click", &Span::none());
        recorder::make_action(&action);
        recorder::set_ambient(&action);
        info_span!("during");
        let carried = std::future::ready(()).instrument(Span::current());
        recorder::set_ambient(&Span::none());
        drop(action);
        info_span!("after");
        drop(carried);
    });
    assert_child(&spans, "during", "click");
    assert_eq!(named(&spans, "after").parent_id, None);
}

#[test]
fn the_action_above_is_found_through_ordinary_spans() {
    let spans = recorded(|| {
        let action = recorder::span("click", &Span::none());
        recorder::make_action(&action);
        let inner = info_span!(parent: &action, "inner");
        assert_eq!(recorder::action_above(&inner).id(), action.id());
        assert!(Span::current().is_none());
        assert!(recorder::action_above(&info_span!("elsewhere")).is_none());
    });
    assert_eq!(spans.len(), 3);
}

#[test]
fn a_panic_ends_what_is_open() {
    let spans = recorded(|| {
        let span = info_span!("open");
        recorder::fail(&span, "index out of bounds");
        recorder::end_all();
        let next = info_span!("next");
        recorder::edit(&span, |record| record.set("late", true));
        drop((span, next));
    });
    assert!(named(&spans, "next").attributes.is_empty());
    assert_eq!(named(&spans, "open").status, Status::Error("index out of bounds".into()));
    assert_eq!(named(&spans, "open").events[0].name, "exception");
    assert_eq!(spans.len(), 2);
}

#[test]
fn what_the_browser_measured_joins_the_trace_without_a_handle() {
    recorded(|| {
        let load = recorder::span("documentLoad", &Span::none());
        let child = recorder::new_child("documentFetch", recorder::place(&load).unwrap()).unwrap();
        assert_eq!(Some(child.place.trace_id), recorder::place(&load).map(|place| place.trace_id));
        assert_eq!(child.parent_id, recorder::place(&load).map(|place| place.span_id));
        let other = recorder::new_root("uncaught error").unwrap();
        assert_ne!(other.place.trace_id, child.place.trace_id);
    });
}

#[instrument(skip_all, fields(answer = 42))]
fn annotated() {
    later(7);
}

#[test]
fn annotated_functions_are_recorded_with_their_time() {
    let spans = recorded(annotated);
    let span = named(&spans, "annotated");
    assert_eq!(span.end_us - span.start_us, 7);
    assert_eq!(span.attributes, vec![("answer", Value::Int(42))]);
}
