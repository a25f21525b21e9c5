use board::ports::{Arrived, CallStatistics, Counted, Identity, Period, RouteName, StatisticsStore, Unreadable};
use board::statistics::{bucket, minute_of};
use model::{ApiLogEntry, LogIn, Timestamp, Username};
use std::sync::Arc;

const AT: Timestamp = super::NOW;

fn call(endpoint: &str, status: u16, user: Option<&str>) -> ApiLogEntry {
    ApiLogEntry {
        event_id: String::new(),
        timestamp: AT,
        method: "POST".into(),
        endpoint: endpoint.into(),
        status,
        user: user.map(|name| Username::stored(name.to_owned())),
        duration_us: Some(1000),
        trace_id: None,
        message: "".into(),
    }
}

fn arrived(partition: i32, offset: i64, identity: Identity, call: ApiLogEntry) -> Arrived {
    Arrived { partition, offset, taken_at: AT, content: Ok((identity, call.into())), span: tracing::Span::none() }
}

fn numbered(partition: i32, offset: i64, number: u64) -> Arrived {
    arrived(partition, offset, Identity::Sequenced { producer: u64::MAX - 1, number }, call("/x", 200, Some("mina")))
}

fn named(partition: i32, offset: i64, name: &str) -> Arrived {
    arrived(partition, offset, Identity::Named(name.to_owned()), call("/x", 200, None))
}

fn placed(partition: i32, offset: i64) -> Arrived {
    arrived(partition, offset, Identity::Placed, call("/x", 200, None))
}

async fn count(store: &dyn StatisticsStore, events: Vec<Arrived>) -> (u64, u64, u64) {
    let Counted { new, known, aside } = store.count("topic", Arc::new(events), AT).await.unwrap();
    (new, known, aside)
}

async fn calls(store: &dyn StatisticsStore, width: i64) -> CallStatistics {
    let first = minute_of(AT).div_euclid(60) * 60;
    let period = Period { width, first, end: first + 60, step: 60, log_in_first: first, log_in_step: 60 };
    store.calls(period).await.unwrap()
}

async fn total(store: &dyn StatisticsStore) -> u64 {
    let sums = calls(store, 1).await;
    assert_eq!(calls(store, 60).await.by_step, sums.by_step, "minutes and hours add up to the same");
    sums.by_step.iter().map(|(_, _, _, calls)| calls).sum()
}

pub async fn an_event_counts_once_however_it_is_delivered(store: Arc<dyn StatisticsStore>) {
    let store = &*store;
    assert_eq!(count(store, vec![numbered(0, 0, 7), numbered(0, 1, 9), numbered(0, 2, 7)]).await, (2, 1, 0));
    assert_eq!(count(store, vec![numbered(0, 3, 8), numbered(0, 4, 9), numbered(0, 5, 10)]).await, (2, 1, 0));
    // Another producer, and another partition of the same one, have numbers of their own.
    let other = Identity::Sequenced { producer: 5, number: 9 };
    assert_eq!(count(store, vec![arrived(0, 6, other, call("/x", 200, None)), numbered(1, 0, 11)]).await, (2, 0, 0));
    // A name counts once wherever it turns up.
    assert_eq!(count(store, vec![named(0, 7, "a"), named(1, 1, "a"), named(1, 2, "b")]).await, (2, 1, 0));
    assert_eq!(count(store, vec![named(2, 0, "b"), named(2, 1, "c")]).await, (1, 1, 0));
    // What has no name is known by its place.
    assert_eq!(count(store, vec![placed(3, 0), placed(3, 1)]).await, (2, 0, 0));
    assert_eq!(count(store, vec![placed(3, 1), placed(3, 2)]).await, (1, 1, 0));
    // In a log that was made anew, places begin again, and time has gone on.
    let mut anew = placed(3, 0);
    anew.taken_at = AT.plus_seconds(1);
    assert_eq!(count(store, vec![anew]).await, (1, 0, 0));
    assert_eq!(total(store).await, 13);
    // Another source has places of its own.
    let elsewhere = store.count("other", Arc::new(vec![placed(3, 0)]), AT).await.unwrap();
    assert_eq!((elsewhere.new, total(store).await), (1, 14));
}

pub async fn an_event_that_several_count_at_once_counts_once(store: Arc<dyn StatisticsStore>) {
    let deliver = |_: usize| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for round in 0..20_i64 {
                let events = || {
                    let each = (0..10).map(|i| round * 10 + i);
                    let each = each.flat_map(|i| {
                        let number = u64::try_from(i).unwrap() + 1;
                        [numbered(0, 3 * i, number), placed(0, 3 * i + 1), named(0, 3 * i + 2, &number.to_string())]
                    });
                    Arc::new(each.collect::<Vec<_>>())
                };
                // Whoever counts tries again.
                while store.count("topic", events(), AT).await.is_err() {}
            }
        })
    };
    for delivery in (0..4).map(deliver).collect::<Vec<_>>() {
        delivery.await.unwrap();
    }
    assert_eq!(total(&*store).await, 600);
}

pub async fn sums_are_told_by_time_route_status_and_user(store: Arc<dyn StatisticsStore>) {
    let store = &*store;
    let long = format!("/{}", "긴".repeat(400));
    let mut late = call("/db/message", 200, Some("mina"));
    late.timestamp = AT.plus_seconds(60);
    late.duration_us = None;
    let events = [
        call("/db/message", 200, Some("mina")),
        call("/db/message", 200, Some("jun")),
        call("/db/message", 503, Some("jun")),
        late,
        call("/login", 200, Some("mina")),
        call("/login", 401, None),
        call("/fn/accounts/log_in", 302, None),
        call(&long, 404, Some(&"이름".repeat(300))),
    ];
    let named = |(at, call): (usize, ApiLogEntry)| arrived(0, at as i64, Identity::Named(at.to_string()), call);
    let mut events: Vec<Arrived> = events.into_iter().enumerate().map(named).collect();
    let unreadable = Unreadable { reason: "no JSON".to_owned(), record: b"\xff\0{".to_vec() };
    let content = Err(unreadable);
    events.push(Arrived { partition: 0, offset: 99, taken_at: AT, content, span: tracing::Span::none() });
    assert_eq!(count(store, events).await, (8, 0, 1));
    for width in [1, 60] {
        let sums = calls(store, width).await;
        let of = |endpoint: &str, class: u8, of_bucket: i16| {
            let name = RouteName { endpoint: endpoint.to_owned(), method: "POST".to_owned() };
            let rows = sums.by_route.iter().filter(|row| row.0 == name && row.1 == class && row.2 == of_bucket);
            rows.map(|row| row.3).sum::<u64>()
        };
        let known = bucket(Some(1000));
        assert_eq!((of("/db/message", 2, known), of("/db/message", 2, -1), of("/db/message", 5, known)), (2, 1, 1));
        assert_eq!(of(&long.chars().take(255).collect::<String>(), 4, known), 1);
        let users = sums.users_by_route.iter().find(|(name, _)| name.endpoint == "/db/message");
        assert_eq!(users.map(|(_, users)| *users), Some(2));
        let busiest: Vec<_> = sums.by_user.iter().map(|(name, calls, _)| (name.as_str(), *calls)).take(2).collect();
        assert_eq!((busiest.as_slice(), sums.users), (&[("mina", 3), ("jun", 2)][..], 3));
        let mut log_ins: Vec<_> = sums.log_ins.iter().map(|(_, outcome, calls)| (*outcome, *calls)).collect();
        log_ins.sort_unstable();
        assert_eq!(log_ins, [(LogIn::Succeeded, 1), (LogIn::Refused, 2)]);
        assert_eq!(sums.aside, 1);
    }
}

pub async fn what_is_old_is_forgotten(store: Arc<dyn StatisticsStore>) {
    let (store, minute) = (&*store, minute_of(AT));
    assert_eq!(count(store, vec![numbered(0, 0, 1), named(0, 1, "a")]).await, (2, 0, 0));
    store.forget(minute, minute - minute % 60).await.unwrap();
    assert_eq!((total(store).await, count(store, vec![named(0, 1, "a")]).await), (2, (0, 1, 0)));
    store.forget(minute + 1, minute).await.unwrap();
    assert_eq!(calls(store, 1).await, CallStatistics::default());
    store.forget(minute + 1, minute + 1).await.unwrap();
    assert_eq!(calls(store, 60).await, CallStatistics::default());
    assert_eq!(count(store, vec![named(0, 1, "a"), numbered(0, 0, 1)]).await, (2, 0, 0), "ids are forgotten, too");
}
