//! The threads that speak with clients: one for each core, each with connections of its own.
//!
//! A request is read, answered and written by one thread, so that no two share its work, wait for each other or wake each
//! other (docs/decisions/event-loops.md). What takes longer than some milliseconds belongs on a thread that may block.

use std::sync::Arc;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Each with what its connections share, which is its own: counters that all threads change would go from core to core.
/// They end when this is dropped, whatever they are at.
pub struct EventLoops<T>(Vec<EventLoop<T>>);

struct EventLoop<T> {
    own: T,
    runtime: Handle,
    /// One more reference for each task.
    tasks: Arc<()>,
    _end: oneshot::Sender<()>,
}

impl<T> EventLoops<T> {
    /// `own` makes what is one thread's.
    ///
    /// # Errors
    /// The system's, when there can't be more threads or files.
    pub fn start(own: impl Fn() -> T) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, Into::into);
        (0..cores).map(|_| EventLoop::start(own())).collect::<Result<_, _>>().map(Self)
    }

    pub fn runtimes(&self) -> impl Iterator<Item = &Handle> {
        self.0.iter().map(|one| &one.runtime)
    }

    /// Runs a task to its end on the thread with the fewest.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: impl FnOnce(&T) -> F) {
        let Some(chosen) = self.0.iter().min_by_key(|one| Arc::strong_count(&one.tasks)) else { return };
        let (task, counted) = (task(&chosen.own), Arc::clone(&chosen.tasks));
        chosen.runtime.spawn(async move {
            let _counted = counted;
            task.await;
        });
    }
}

impl<T> EventLoop<T> {
    fn start(own: T) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let work = move || {
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("event-loop".to_owned()).spawn(work)?;
        Ok(Self { own, runtime: handle, tasks: Arc::default(), _end: end })
    }
}
