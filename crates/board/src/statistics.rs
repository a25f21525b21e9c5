//! What API calls were like: events are counted as they arrive, and the sums made readable.

mod percentiles;

pub use percentiles::{UNKNOWN, bucket, upper_bound_us};

use crate::ports::{CallStatistics, Counted, EventSource, Period, PortError};
use crate::{Faults, Ports};
use model::{BoardError, FaultKind, LogIn, LogIns, Range, RouteStatistics, Slice, Statistics, Timestamp, UserActivity};
use percentiles::Latencies;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Sums by minute are kept for a day, all else for a week; both a little longer.
const MINUTES_KEPT: i64 = 26 * 60;
const ALL_KEPT: i64 = 8 * 24 * 60;
/// Routes and users that are told.
const ROUTES: usize = 30;
const MINUTE_MS: i64 = 60_000;
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// How long an engine that failed is left alone.
const AGAIN: Duration = Duration::from_millis(500);

/// The statistics of API calls.
#[derive(Clone)]
pub struct CallsStatistics {
    ports: Ports,
    faults: Faults,
}

/// The minute of a moment, since 1970-01-01T00:00Z.
#[must_use]
pub const fn minute_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(MINUTE_MS)
}

const fn start_of(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE_MS)
}

/// What a call was as a wish to log in; `None` for other calls. A form's answer is a redirect either way: who logged in
/// has a name.
#[must_use]
pub fn log_in(endpoint: &str, status: u16, has_user: bool) -> Option<LogIn> {
    const ENDPOINTS: [&str; 3] = ["/login", "/api/login", "/fn/accounts/log_in"];
    if !ENDPOINTS.contains(&endpoint) {
        return None;
    }
    Some(match status {
        500.. => LogIn::Failed,
        429 => LogIn::Limited,
        400..500 => LogIn::Refused,
        _ if has_user => LogIn::Succeeded,
        _ => LogIn::Refused,
    })
}

impl CallsStatistics {
    pub(crate) fn new(ports: &Ports, faults: Faults) -> Self {
        Self { ports: ports.clone(), faults }
    }

    /// What the calls of a range were like, up to now. For operators: the door asks first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn of(&self, range: Range) -> Result<Statistics, BoardError> {
        let period = period(range, minute_of(self.ports.clock.now()));
        let sums = self.ports.statistics.calls(period).await?;
        Ok(readable(range, period, sums))
    }

    /// Counts what arrives, until `end`. What fails is tried again: nothing is passed over.
    pub async fn follow(
        &self,
        mut source: Box<dyn EventSource>,
        end: impl Future<Output = ()>,
        told: impl Fn(&str, Counted, Duration),
    ) {
        let mut end = pin!(end);
        let mut forgotten_at = None::<Instant>;
        loop {
            let step = async {
                if forgotten_at.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
                    forgotten_at = Some(Instant::now());
                    if let Err(error) = self.forget().await {
                        tracing::warn!(engine = error.engine, exception.message = %error.source, "old statistics stay a minute longer");
                    }
                }
                self.count_next(&mut *source).await
            };
            tokio::select! {
                () = &mut end => break,
                (counted, took) = step => told(source.name(), counted, took),
            }
        }
        source.close().await;
    }

    /// Counts what comes next, however long an engine is away; and how long that took from its arrival.
    async fn count_next(&self, source: &mut dyn EventSource) -> (Counted, Duration) {
        let (mut complaint, began) = (Complaint::default(), Instant::now());
        let events = loop {
            let lag = Duration::from_millis(self.faults.amount(FaultKind::Lag).into());
            let lags = began.elapsed() < lag;
            match if lags { source.pause().await } else { source.receive().await } {
                Ok(events) if lags && events.is_empty() => continue,
                Ok(events) => break Arc::new(events),
                Err(error) => complaint.about(&error),
            }
            sleep(AGAIN).await;
        };
        if events.is_empty() {
            return (Counted::default(), Duration::ZERO);
        }
        let arrived = Instant::now();
        let counted = loop {
            match self.ports.statistics.count(source.name(), Arc::clone(&events), self.ports.clock.now()).await {
                Ok(counted) => break counted,
                Err(error) => complaint.about(&error),
            }
            sleep(AGAIN).await;
        };
        source.counted().await;
        (counted, arrived.elapsed())
    }

    async fn forget(&self) -> Result<(), PortError> {
        let now = minute_of(self.ports.clock.now());
        self.ports.statistics.forget(now - MINUTES_KEPT, now - ALL_KEPT).await
    }
}

/// Tells what keeps events from being counted: at once, and then each minute.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn about(&mut self, error: &PortError) {
        if self.0.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
            self.0 = Some(Instant::now());
            tracing::warn!(engine = error.engine, exception.message = %error.source, "events wait to be counted");
        }
    }
}

fn period(range: Range, now: i64) -> Period {
    let (step, end) = (range.step_minutes(), now + 1);
    let aligned = |minutes: i64, step: i64| (end - minutes).div_euclid(step) * step;
    let (width, log_in_minutes, log_in_step) = match range {
        Range::Hour | Range::Day => (1, 24 * 60, 60),
        Range::Week => (60, 7 * 24 * 60, 6 * 60),
    };
    Period {
        width,
        first: aligned(range.minutes(), step),
        end,
        step,
        log_in_first: aligned(log_in_minutes, log_in_step),
        log_in_step,
    }
}

/// Calls by their class of status.
#[derive(Default)]
struct Classes {
    succeeded: u64,
    refused: u64,
    failed: u64,
    latencies: Latencies,
}

impl Classes {
    fn add(&mut self, class: u8, bucket: i16, calls: u64) {
        *match class {
            5.. => &mut self.failed,
            4 => &mut self.refused,
            _ => &mut self.succeeded,
        } += calls;
        self.latencies.add(bucket, calls);
    }

    const fn calls(&self) -> u64 {
        self.succeeded + self.refused + self.failed
    }
}

fn readable(range: Range, period: Period, sums: CallStatistics) -> Statistics {
    let mut steps: BTreeMap<i64, Classes> =
        (period.first..period.end).step_by(as_step(period.step)).map(|at| (at, Classes::default())).collect();
    for (at, class, bucket, calls) in sums.by_step {
        steps.entry(at).or_default().add(class, bucket, calls);
    }
    let mut by_route: BTreeMap<_, Classes> = BTreeMap::new();
    for (name, class, bucket, calls) in sums.by_route {
        by_route.entry(name).or_default().add(class, bucket, calls);
    }
    let users: BTreeMap<_, _> = sums.users_by_route.into_iter().collect();
    let mut routes: Vec<RouteStatistics> = by_route
        .into_iter()
        .map(|(name, classes)| RouteStatistics {
            users: users.get(&name).copied().unwrap_or_default(),
            calls: classes.calls(),
            refused: classes.refused,
            failed: classes.failed,
            latency: classes.latencies.percentiles(),
            method: name.method,
            endpoint: name.endpoint,
        })
        .collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.calls));
    routes.truncate(ROUTES);
    let mut log_ins: BTreeMap<i64, [u64; 4]> =
        (period.log_in_first..period.end).step_by(as_step(period.log_in_step)).map(|at| (at, [0; 4])).collect();
    for (at, outcome, calls) in sums.log_ins {
        let place = LogIn::ALL.iter().position(|other| *other == outcome).unwrap_or_default();
        log_ins.entry(at).or_default()[place] += calls;
    }
    let active = |(user, calls, minute)| UserActivity { user, calls, last_at: start_of(minute) };
    Statistics {
        range,
        since: start_of(period.first),
        until: start_of(period.end),
        step_minutes: period.step,
        calls: steps.values().map(Classes::calls).sum(),
        users: sums.users,
        slices: steps
            .into_iter()
            .map(|(at, classes)| Slice {
                at: start_of(at),
                succeeded: classes.succeeded,
                refused: classes.refused,
                failed: classes.failed,
                latency: classes.latencies.percentiles(),
            })
            .collect(),
        routes,
        log_ins: log_ins.into_iter().map(|(at, by_outcome)| LogIns { at: start_of(at), by_outcome }).collect(),
        log_in_step_minutes: period.log_in_step,
        active_users: sums.by_user.into_iter().map(active).collect(),
        aside: sums.aside,
    }
}

fn as_step(minutes: i64) -> usize {
    usize::try_from(minutes).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::{bucket, log_in, period, readable};
    use crate::ports::{CallStatistics, RouteName};
    use model::{LogIn, Range};

    #[test]
    fn a_form_that_logged_in_is_told_from_one_that_did_not() {
        assert_eq!(log_in("/fn/accounts/log_in", 302, true), Some(LogIn::Succeeded));
        assert_eq!(log_in("/fn/accounts/log_in", 302, false), Some(LogIn::Refused));
        assert_eq!(log_in("/login", 401, false), Some(LogIn::Refused));
        assert_eq!(log_in("/api/login", 429, false), Some(LogIn::Limited));
        assert_eq!(log_in("/login", 503, false), Some(LogIn::Failed));
        assert_eq!(log_in("/db/messages", 200, true), None);
    }

    #[test]
    fn every_step_of_a_range_has_a_slice_and_sums_go_where_they_belong() {
        for range in Range::ALL {
            let period = period(range, 29_000_003);
            let last = (period.end - 1).div_euclid(period.step) * period.step;
            let name = RouteName { endpoint: "/db/messages".into(), method: "GET".into() };
            let sums = CallStatistics {
                by_step: vec![(last, 2, bucket(Some(1000)), 3), (last, 5, bucket(None), 1), (period.first, 4, 40, 2)],
                by_route: vec![(name.clone(), 2, 40, 3), (name.clone(), 5, -1, 1)],
                users_by_route: vec![(name, 2)],
                ..CallStatistics::default()
            };
            let statistics = readable(range, period, sums);
            assert_eq!(statistics.calls, 6);
            assert_eq!(statistics.slices.last().map(|slice| (slice.succeeded, slice.failed)), Some((3, 1)));
            assert_eq!(statistics.slices.first().map(|slice| slice.refused), Some(2));
            assert!(statistics.slices.is_sorted_by_key(|slice| slice.at));
            assert!((60..=97).contains(&statistics.slices.len()), "{}", statistics.slices.len());
            assert_eq!((statistics.routes[0].calls, statistics.routes[0].users), (4, 2));
            assert!(statistics.log_ins.len() >= 24);
        }
    }
}
