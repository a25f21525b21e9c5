//! Wires the board together, serves it, and ends in order.

mod connections;
mod ending;
mod event_loops;
mod timer;
mod watched;

use crate::config::{Role, Settings};
use crate::cookies::Cookies;
use crate::data_folder::DataFolder;
use crate::engines::Engines;
use crate::observe::Recorded;
use crate::process::ProcessWatch;
use crate::state::{ServerState, Shared};
use crate::{assets, routes};
use board::ports::{Counted, EventSource};
pub use connections::Peer;
use event_loops::EventLoops;
use model::FaultKind;
use observatory::Observatory;
use std::collections::HashSet;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use telemetry::server::{Telemetry, metrics};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Characters of a secret key that nobody guesses.
const LONG_KEY: usize = 32;
/// How often the engines are asked whether they answer.
const WATCH: Duration = Duration::from_secs(5);
/// How long telemetry may take to leave when the server ends.
const FLUSH: Duration = Duration::from_secs(3);

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// What keeps the server from starting, as a sentence.
pub async fn serve(settings: Settings) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let data = DataFolder::open(&settings.data)?;
    let listener = bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let observatory = Arc::new(Observatory::new(observatory::Limits::default()));
    let recorded = Recorded { observatory: Arc::clone(&observatory), service: settings.telemetry.service_name.clone() };
    let telemetry = Arc::new(telemetry::server::start(&settings.telemetry, Arc::new(recorded))?);
    warn_of(&settings);
    let engines = Engines::open(&settings.engines, &settings.data, Some(settings.spool)).await?;
    let state = state(&settings, &data, &engines, observatory, Arc::clone(&telemetry), address)?;
    let draining = state.draining.clone();
    let counting = match settings.role {
        Role::All | Role::Worker => engines.source()?.map(|source| count_events(source, &state)),
        Role::Web => None,
    };
    watch_engines(&state);
    follow_faults(&state);
    watch_process(&state);
    if settings.role != Role::Worker {
        follow_other_processes(&engines, &state);
    }
    let loops = EventLoops::start(|| {
        let state = Arc::new(Shared::clone(&state));
        match settings.role {
            Role::All | Role::Web => routes::router(state),
            Role::Worker => routes::worker_router(state),
        }
    })?;
    for (number, runtime) in loops.runtimes().enumerate() {
        observe_runtime(format!("loop-{}", number + 1), runtime.clone());
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), address = %address, "started");
    announce(address);
    connections::accept_until_told(listener, &loops, &draining, settings.notice).await?;
    if let Some((counting, end)) = counting {
        end.cancel();
        let _ = counting.await;
    }
    tracing::info!("stopped");
    engines.close().await;
    let flushed = tokio::task::spawn_blocking(move || telemetry.shutdown(FLUSH)).await;
    flushed.map_err(Into::into)
}

/// What is set in a way that can be used, and that hardly anybody means.
fn warn_of(settings: &Settings) {
    if settings.secret_key.as_ref().is_some_and(|key| key.len() < LONG_KEY) {
        tracing::warn!(
            "SECRET_KEY is short: who guesses it signs sessions; {LONG_KEY} random characters can't be guessed"
        );
    }
    if settings.secret_key.is_none() && settings.engines.redis.is_some() {
        tracing::warn!(
            "SECRET_KEY is not set: whoever signs in at this process is signed in at no other one, though they share a Redis; \
             set the same key for all of them"
        );
    }
    for name in &settings.unread {
        tracing::warn!(variable = name, "{name} is set, and is not read here: docs/TELEMETRY.md lists what is");
    }
}

/// Counts API events in the background, until the end is told.
fn count_events(source: Box<dyn EventSource>, state: &ServerState) -> (JoinHandle<()>, CancellationToken) {
    let (statistics, end) = (state.app.board.statistics().clone(), CancellationToken::new());
    let ended = end.clone().cancelled_owned();
    let engine = state.app.board.ports().events.name();
    let told = move |source: &str, counted: Counted, took: Duration| {
        let Counted { new, known, aside } = counted;
        metrics::events_counted(new, known, aside);
        if new + known + aside > 0 {
            metrics::messages_processed(engine, source, new + known + aside, took);
        }
    };
    let counting = tokio::spawn(async move { statistics.follow(source, ended, told).await });
    (counting, end)
}

/// Whoever asks later is told since when an engine is away.
fn watch_engines(state: &ServerState) {
    let (health, draining) = (state.app.board.health().clone(), state.draining.clone());
    tokio::spawn(draining.run_until_cancelled_owned(async move {
        let mut down = HashSet::new();
        loop {
            for dependency in health.check().await {
                let (name, engine) = (dependency.name.as_str(), &dependency.engine);
                metrics::dependency(name, engine, dependency.is_up());
                match dependency.failure {
                    Some(reason) if down.insert(name) => {
                        tracing::warn!(dependency = name, engine, exception.message = reason, "an engine is down");
                    }
                    None if down.remove(name) => tracing::info!(dependency = name, engine, "an engine is up again"),
                    _ => {}
                }
            }
            tokio::time::sleep(WATCH).await;
        }
    }));
}

/// Shows the faults that operators ask for, here or in another process.
fn follow_faults(state: &ServerState) {
    let state = Arc::clone(state);
    tokio::spawn(async move { state.app.board.faults().follow().await });
}

/// What nobody counts is looked at when the metrics are read.
fn watch_process(state: &ServerState) {
    let (events, active) = (Arc::clone(&state.app.board.ports().events), Arc::clone(&state.active));
    let (telemetry, process) = (Arc::clone(&state.telemetry), ProcessWatch::default());
    let faults = state.app.board.faults().clone();
    metrics::observe_with(move || {
        for kind in FaultKind::ALL.into_iter().filter(|_| faults.are_possible()) {
            metrics::fault(kind.as_str(), faults.amount(kind));
        }
        metrics::spool(events.waiting(), events.lost());
        metrics::active_sessions(active.count());
        if let Some(now) = process.look() {
            metrics::process(&now);
        }
        telemetry.observe();
    });
    observe_runtime("main".to_owned(), Handle::current());
}

/// Tells how a runtime does whenever the metrics are read.
fn observe_runtime(name: String, runtime: Handle) {
    metrics::observe_with(move || {
        let runtime = runtime.metrics();
        let busy = (0..runtime.num_workers()).map(|worker| runtime.worker_total_busy_duration(worker)).sum();
        metrics::runtime(&name, runtime.num_alive_tasks(), busy);
    });
}

/// A restore or a command may change the database while this server runs.
fn follow_other_processes(engines: &Engines, state: &ServerState) {
    let Some(mut elsewhere) = engines.watch() else { return };
    let state = Arc::clone(state);
    tokio::spawn(async move {
        while elsewhere.changed().await.is_ok() {
            tracing::info!("another process has changed the database");
            // Told where it failed; the next change is another try.
            let _ = state.app.board.changed_elsewhere().await;
        }
    });
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use by another program; stop it, or choose another address with --listen.")
        }
        _ => format!("{address} can't be listened on ({error}); choose another address with --listen."),
    })
}

fn state(
    settings: &Settings,
    data: &DataFolder,
    engines: &Engines,
    observatory: Arc<Observatory>,
    telemetry: Arc<Telemetry>,
    address: SocketAddr,
) -> Result<ServerState, Box<dyn std::error::Error + Send + Sync>> {
    let key = match &settings.secret_key {
        Some(key) => key.clone(),
        None => data.secret_key()?,
    };
    let secure = settings.public_url.as_ref().is_some_and(|url| url.secure);
    let cookies = Arc::new(Cookies::new(&key, settings.previous_secret_key.as_deref(), secure));
    let app = Arc::new(app::context::Shared {
        board: engines.board(&settings.operators, !settings.production)?,
        observatory,
        cookies: Arc::clone(&cookies) as Arc<_>,
        drafts: app::drafts::Drafts::default(),
        site: assets::site(settings.telemetry.told_to_pages()),
    });
    Ok(Arc::new(Shared {
        app,
        cookies,
        proxies: settings.proxies.clone(),
        public_url: settings.public_url.clone(),
        token: settings.token.clone(),
        local: address.ip().is_loopback(),
        production: settings.production,
        telemetry,
        frontend_service: settings.telemetry.frontend_service_name.clone(),
        active: Arc::default(),
        relay_limit: Arc::default(),
        draining: CancellationToken::new(),
    }))
}

/// The last line of a start: on standard error, since standard output is the log's.
fn announce(address: SocketAddr) {
    let _ = writeln!(std::io::stderr(), "listening on http://{address}");
}
