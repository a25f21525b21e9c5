//! Whose child a span is, in programs that nobody wrote: on the browser's own executor, with tasks that wait for timers and
//! microtasks and so take turns. Run in Node by `make test`.
#![allow(clippy::unwrap_used)]

use super::record::SpanRecord;
use super::recorder::{self, Recorder, Surroundings};
use futures::channel::oneshot;
use futures::future::{LocalBoxFuture, join_all};
use js_sys::{Function, Promise};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use tracing::{Instrument, Span, info, info_span};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use wasm_bindgen_test::wasm_bindgen_test;

const PROGRAMS: usize = 300;

/// What a task does, one after the other.
#[derive(Debug, Clone)]
enum Step {
    /// Something within a span.
    Within(Vec<Step>),
    /// A span that begins and ends at once.
    Leaf,
    /// Other tasks get their turn: so many rounds of microtasks.
    Yield(u8),
    /// A timer.
    Sleep,
    /// A task of its own, which outlives this one, in the current span.
    Spawn(Vec<Step>),
    /// Several at once, each within a span.
    Together(Vec<Vec<Step>>),
    /// Gives up something within a span halfway.
    GiveUp(Vec<Step>),
    Event,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let simple = prop_oneof![Just(Step::Leaf), (1..4_u8).prop_map(Step::Yield), Just(Step::Sleep), Just(Step::Event),];
    let step = simple.prop_recursive(4, 24, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            3 => some().prop_map(Step::Within),
            2 => some().prop_map(Step::Spawn),
            1 => prop::collection::vec(some(), 1..3).prop_map(Step::Together),
            1 => some().prop_map(Step::GiveUp),
        ]
    });
    prop::collection::vec(step, 1..5)
}

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1) };
    static IDS: Cell<u64> = const { Cell::new(1) };
    static ENDED: RefCell<Vec<SpanRecord>> = const { RefCell::new(Vec::new()) };
}

fn next(counter: &'static std::thread::LocalKey<Cell<u64>>) -> u64 {
    counter.set(counter.get() + 1);
    counter.get()
}

/// Whose child each span has to be, by names.
#[derive(Clone, Default)]
struct Expected(Rc<RefCell<BTreeMap<String, Option<String>>>>);

impl Expected {
    fn child(&self, parent: Option<&str>) -> (String, Span) {
        let name = format!("span {}", self.0.borrow().len());
        self.0.borrow_mut().insert(name.clone(), parent.map(str::to_owned));
        let span = info_span!("x", otel.name = name);
        (name, span)
    }
}

async fn microtask() {
    JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await.unwrap();
}

async fn timer() {
    let set_timeout: Function = js_sys::Reflect::get(&js_sys::global(), &"setTimeout".into()).unwrap().unchecked_into();
    let passed = Promise::new(&mut |resolve, _| {
        set_timeout.call2(&JsValue::UNDEFINED, &resolve, &0.into()).unwrap();
    });
    JsFuture::from(passed).await.unwrap();
}

/// Runs the steps in the current span, which is called `within`; `tasks` hears of the tasks that it begins.
fn run(steps: Vec<Step>, within: Option<String>, expected: Expected, tasks: Tasks) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move {
        for step in steps {
            let within_span = |steps| {
                let (name, span) = expected.child(within.as_deref());
                run(steps, Some(name), expected.clone(), tasks.clone()).instrument(span)
            };
            match step {
                Step::Within(steps) => within_span(steps).await,
                Step::Leaf => drop(expected.child(within.as_deref())),
                Step::Yield(rounds) => {
                    for _ in 0..rounds {
                        microtask().await;
                    }
                }
                Step::Sleep => timer().await,
                Step::Spawn(steps) => {
                    let task = run(steps, within.clone(), expected.clone(), tasks.clone());
                    tasks.spawn(task.instrument(Span::current()));
                }
                Step::Together(all) => drop(join_all(all.into_iter().map(within_span)).await),
                Step::GiveUp(steps) => {
                    let given_up = within_span(steps);
                    futures::future::select(Box::pin(given_up), Box::pin(microtask())).await;
                }
                Step::Event => info!("something happened"),
            }
        }
    })
}

#[derive(Clone, Default)]
struct Tasks(Rc<RefCell<Vec<oneshot::Receiver<()>>>>);

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let (done, waiting) = oneshot::channel();
        self.0.borrow_mut().push(waiting);
        spawn_local(async move {
            task.await;
            let _ = done.send(());
        });
    }

    async fn ended(&self) {
        loop {
            let Some(next) = self.0.borrow_mut().pop() else { break };
            next.await.unwrap();
        }
    }
}

#[wasm_bindgen_test]
async fn every_span_is_the_child_of_the_one_it_was_begun_in() {
    recorder::install(Surroundings {
        now_us: || next(&NOW),
        random: |bytes| {
            bytes.fill(0);
            bytes[..8].copy_from_slice(&next(&IDS).to_le_bytes());
        },
        keeps: |_| true,
        ended: |record| ENDED.with_borrow_mut(|ended| ended.push(record)),
    });
    tracing::subscriber::set_global_default(Recorder).unwrap();
    let mut runner = TestRunner::deterministic();
    let mut seen = 0;
    for _ in 0..PROGRAMS {
        let program = prop::collection::vec(steps(), 1..5).new_tree(&mut runner).unwrap().current();
        let (expected, tasks) = (Expected::default(), Tasks::default());
        for steps in program.clone() {
            // Each a task of its own, as two clicks are.
            let (name, span) = expected.child(None);
            tasks.spawn(run(steps, Some(name), expected.clone(), tasks.clone()).instrument(span));
        }
        tasks.ended().await;
        let ended = ENDED.take();
        seen += ended.len();
        let expected = expected.0.take();
        assert_eq!(ended.len(), expected.len(), "all spans have ended, each once: {program:?}");
        let by_name: BTreeMap<&str, &SpanRecord> = ended.iter().map(|span| (&*span.name, span)).collect();
        for (name, parent) in &expected {
            let span = by_name[&**name];
            let parent = parent.as_ref().map(|parent| by_name[&**parent]);
            assert_eq!(span.parent_id, parent.map(|parent| parent.place.span_id), "{name} in {program:?}");
            if let Some(parent) = parent {
                assert_eq!(span.place.trace_id, parent.place.trace_id, "{name} in {program:?}");
                assert!(parent.start_us <= span.start_us && span.end_us <= parent.end_us, "{name} in {program:?}");
            }
        }
        assert!(Span::current().is_none(), "nothing is left entered: {program:?}");
    }
    assert!(seen > 10 * PROGRAMS, "the programs do something: {seen} spans");
}
