//! What the board may rely on, whatever engine is behind the ports. Run on every adapter.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::Found;
use board::MAX_SESSIONS_PER_USER;
use board::ports::{ApiLog, Audience, Engine, FaultStore, Live, News, SearchCache, Session, SessionStore};
use cache::memory::{MemoryApiLog, MemoryFaults, MemorySearchCache, MemorySessions};
use cache::redis::{Redis, RedisOptions, RedisTls};
use model::{
    ApiLogEntry, ApiLogFilter, Fault, FaultKind, LiveEvent, PageRequest, SearchPage, Timestamp, TotalRelation, Username,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn session(id: &str, login_at: Timestamp) -> Session {
    Session {
        id: id.to_owned(),
        username: Username::stored("mina".to_owned()),
        browser_id: String::new(),
        user_agent: String::new(),
        login_at,
        last_activity: login_at,
        expires_at: login_at.plus_seconds(3600),
    }
}

async fn sessions_slide_and_expire(store: &dyn SessionStore) {
    store.add("mina", [1; 32], session("a", at(0))).await.unwrap();
    assert!(store.touch("mina", &[1; 32], at(3599), 3600).await.unwrap().is_some());
    assert!(store.touch("mina", &[1; 32], at(7000), 3600).await.unwrap().is_some(), "the hour began anew");
    assert!(store.touch("mina", &[1; 32], at(10_601), 3600).await.unwrap().is_none(), "expired");
    assert!(store.touch("mina", &[2; 32], at(1), 3600).await.unwrap().is_none(), "another token");
    assert!(store.touch("jun", &[1; 32], at(1), 3600).await.unwrap().is_none(), "another user");
}

async fn sessions_end_one_by_one_and_together(store: &dyn SessionStore) {
    for (i, id) in (10..).zip(["x", "y", "z"]) {
        store.add("jun", [i; 32], session(id, at(i64::from(i)))).await.unwrap();
    }
    let ids = |list: Vec<Arc<Session>>| list.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(store.list("jun", at(20)).await.unwrap()), ["z", "y", "x"]);
    assert!(store.end("jun", "y").await.unwrap());
    assert!(!store.end("jun", "y").await.unwrap());
    assert!(!store.end("mina", "x").await.unwrap(), "another user's session stays");
    assert_eq!(store.end_others("jun", Some("z")).await.unwrap(), ["x"]);
    assert_eq!(ids(store.list("jun", at(20)).await.unwrap()), ["z"]);
}

async fn the_least_used_session_goes_first(store: &dyn SessionStore) {
    for i in 0..=MAX_SESSIONS_PER_USER {
        let n = u8::try_from(i).unwrap();
        let gone = store.add("many", [n; 32], session(&format!("s{i}"), at(i64::from(n)))).await.unwrap();
        assert_eq!(gone, if i < MAX_SESSIONS_PER_USER { &[][..] } else { &["s0"] }, "after {i}");
    }
    let list = store.list("many", at(60)).await.unwrap();
    assert_eq!(list.len(), MAX_SESSIONS_PER_USER);
    assert!(list.iter().all(|session| session.id != "s0"));
}

fn results(query: &str, total: u64) -> Arc<Found> {
    Arc::new(Found::new(SearchPage {
        query: query.to_owned(),
        hits: Vec::new(),
        page: PageRequest::default(),
        total,
        relation: TotalRelation::Eq,
        has_more: false,
        took_us: 1,
        from_cache: true,
    }))
}

async fn a_result_lives_as_long_as_its_generation(cache: &dyn SearchCache) {
    let page = PageRequest::default();
    let generation = cache.generation().await.unwrap();
    cache.put("서버", results("서버", 3), generation, at(0)).await;
    assert_eq!(cache.get("서버", page, generation).await.map(|p| p.page.total), Some(3));
    assert!(cache.get("서버", PageRequest::new(2, 20), generation).await.is_none());
    cache.end_generation().await.unwrap();
    let next = cache.generation().await.unwrap();
    assert_ne!(next, generation);
    assert!(cache.get("서버", page, next).await.is_none());
    cache.put("서버", results("서버", 3), generation, at(1)).await;
    assert!(cache.get("서버", page, next).await.is_none(), "a result found before the change stays unseen");
}

async fn the_search_cache_tells_what_it_holds(cache: &dyn SearchCache) {
    let generation = cache.generation().await.unwrap();
    cache.put("a", results("a", 1), generation, at(0)).await;
    cache.put("b", results("b", 2), generation, at(0)).await;
    for _ in 0..2 {
        cache.get("b", PageRequest::default(), generation).await.unwrap();
    }
    let entries = cache.entries(at(1)).await.unwrap();
    let told: Vec<_> = entries.iter().map(|e| (e.query.as_str(), e.hits, e.results)).collect();
    assert_eq!(told, [("b", 2, 2), ("a", 0, 1)]);
    assert_eq!(cache.clear(Some("b")).await.unwrap(), 1);
    assert_eq!(cache.clear(None).await.unwrap(), 1);
    assert!(cache.entries(at(1)).await.unwrap().is_empty());
}

async fn the_api_log_is_newest_first_and_bounded(log: &dyn ApiLog) {
    for i in 0..10_050_u64 {
        log.append(Arc::new(ApiLogEntry {
            event_id: i.to_string(),
            timestamp: at(0),
            method: "GET".into(),
            endpoint: if i % 2 == 0 { "/even" } else { "/odd" }.into(),
            status: 200,
            user: None,
            duration_us: Some(1),
            trace_id: None,
            message: "".into(),
        }));
    }
    let all = log.page(&ApiLogFilter::default(), PageRequest::new(2, 10)).await.unwrap();
    assert_eq!(all.pagination.total, 10_000);
    assert_eq!(all.entries.first().map(|e| e.event_id.as_str()), Some("10039"));
    let filter = ApiLogFilter { route: Some("even".into()), ..Default::default() };
    let even = log.page(&filter, PageRequest::default()).await.unwrap();
    assert_eq!(even.pagination.total, 5000);
    assert!(even.entries.iter().all(|e| &*e.endpoint == "/even"));
    let past = log.page(&filter, PageRequest::new(u64::MAX, 100)).await.unwrap();
    assert!(past.entries.is_empty());
}

async fn there_is_one_fault_of_a_kind(store: &dyn FaultStore) {
    let fault =
        |kind, amount| Fault { kind, amount, started_by: "미나".to_owned(), started_at: at(0), ends_at: at(60) };
    let latency = fault(FaultKind::Latency, 500);
    for fault in [fault(FaultKind::Latency, 100), fault(FaultKind::Errors, 20), latency.clone()] {
        store.set(&fault, at(0)).await.unwrap();
    }
    assert_eq!(store.faults().await.unwrap().len(), 2);
    store.end(FaultKind::Errors).await.unwrap();
    store.end(FaultKind::Memory).await.unwrap();
    assert_eq!(store.faults().await.unwrap(), [latency]);
    store.end(FaultKind::Latency).await.unwrap();
    assert_eq!(store.faults().await.unwrap(), []);
}

#[tokio::test]
async fn memory_faults_keep_the_contract() {
    there_is_one_fault_of_a_kind(&MemoryFaults::default()).await;
}

#[tokio::test]
async fn memory_sessions_keep_the_contract() {
    sessions_slide_and_expire(&MemorySessions::default()).await;
    sessions_end_one_by_one_and_together(&MemorySessions::default()).await;
    the_least_used_session_goes_first(&MemorySessions::default()).await;
}

#[tokio::test]
async fn memory_search_cache_keeps_the_contract() {
    a_result_lives_as_long_as_its_generation(&MemorySearchCache::default()).await;
    the_search_cache_tells_what_it_holds(&MemorySearchCache::default()).await;
}

#[tokio::test]
async fn memory_api_log_keeps_the_contract() {
    the_api_log_is_newest_first_and_bounded(&MemoryApiLog::default()).await;
}

fn open(server: &testing::Redis) -> Redis {
    Redis::open(&RedisOptions {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        username: None,
        password: Some(testing::Redis::PASSWORD.to_owned()),
        tls: RedisTls::Disabled,
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_contract_under_the_keys_that_people_know() {
    let server = testing::Redis::start();
    let redis = open(&server);
    sessions_slide_and_expire(&*redis.sessions).await;
    sessions_end_one_by_one_and_together(&*redis.sessions).await;
    the_least_used_session_goes_first(&*redis.sessions).await;
    a_result_lives_as_long_as_its_generation(&*redis.search_cache).await;
    assert_eq!(redis.search_cache.clear(None).await.unwrap(), 0, "another generation's");
    the_search_cache_tells_what_it_holds(&*redis.search_cache).await;
    the_api_log_is_newest_first_and_bounded(&*redis.api_log).await;
    there_is_one_fault_of_a_kind(&*redis.faults).await;
    let keys = server.execute("KEYS *");
    assert!(["session:jun", "session:many", "api_logs"].iter().all(|key| keys.contains(key)), "{keys}");
    for key in ["session:jun", "session:many", "api_logs"] {
        let lives_on = server.execute(&format!("TTL {key}")).lines().nth(1).unwrap().to_owned();
        assert!(lives_on.trim_start_matches(':').parse::<i64>().unwrap() > 0, "{key}: {lives_on}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_changes_another_one_sees() {
    let server = testing::Redis::start();
    let (here, there) = (open(&server), open(&server));
    here.sessions.add("mina", [1; 32], session("a", at(0))).await.unwrap();
    assert!(there.sessions.touch("mina", &[1; 32], at(1), 3600).await.unwrap().is_some());
    assert!(there.sessions.end("mina", "a").await.unwrap());
    assert!(here.sessions.touch("mina", &[1; 32], at(5), 3600).await.unwrap().is_none());

    let generation = here.search_cache.generation().await.unwrap();
    assert_eq!(there.search_cache.generation().await, Some(generation));
    here.search_cache.put("서버", results("서버", 3), generation, at(0)).await;
    assert!(there.search_cache.get("서버", PageRequest::default(), generation).await.is_some());
    there.search_cache.end_generation().await.unwrap();
    assert_ne!(here.search_cache.generation().await, Some(generation));
    server.execute("FLUSHALL");
    let after_flush = here.search_cache.generation().await.unwrap();
    assert_ne!(after_flush, generation, "a flush does not bring an old generation back");
    assert_eq!(there.search_cache.generation().await, Some(after_flush));

    let (mut listener, mut own) = (there.live.subscribe(), here.live.subscribe());
    let news = |id| News { audience: Audience::Session("s".into()), event: LiveEvent::MessageDeleted { id } };
    let mut id = 0;
    // Which processes listen is known within a second or two.
    let heard = loop {
        id += 1;
        here.live.publish(news(id));
        assert_eq!(*own.recv().await.unwrap(), news(id), "at once, and once");
        if let Ok(heard) = tokio::time::timeout(Duration::from_millis(200), listener.recv()).await {
            break heard.unwrap();
        }
        assert!(id < 100, "nothing is heard");
    };
    assert!(matches!(heard.event, LiveEvent::MessageDeleted { id: heard } if heard <= id));
    assert_eq!(heard.audience, Audience::Session("s".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_closed_meanwhile_costs_nobody_anything() {
    let server = testing::Redis::start();
    let redis = open(&server);
    redis.sessions.add("mina", [1; 32], session("a", at(0))).await.unwrap();
    for round in 1..=10 {
        server.execute("CLIENT KILL TYPE normal");
        tokio::time::sleep(Duration::from_millis(round * 5)).await;
        assert!(redis.sessions.touch("mina", &[1; 32], at(1), 3600).await.unwrap().is_some(), "round {round}");
        server.execute("CLIENT KILL TYPE normal");
        redis.sessions.ping().await.unwrap();
        server.execute("CLIENT KILL TYPE normal");
        assert!(redis.search_cache.generation().await.is_some(), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_is_told_at_once_and_used_again_when_it_is_back() {
    let server = testing::Redis::start();
    let redis = open(&server);
    redis.sessions.add("mina", [1; 32], session("a", at(0))).await.unwrap();
    let generation = redis.search_cache.generation().await.unwrap();
    for (away, back) in [("KILL", None), ("STOP", Some("CONT"))] {
        server.signal(away);
        for _ in 0..3 {
            let began = Instant::now();
            assert!(redis.sessions.touch("mina", &[1; 32], at(1), 3600).await.is_err());
            assert_eq!(redis.search_cache.generation().await, None);
            assert!(redis.search_cache.get("a", PageRequest::default(), generation).await.is_none());
            assert!(redis.search_cache.end_generation().await.is_err());
            assert!(redis.search_cache.ready().await.is_err());
            assert!(redis.sessions.ping().await.is_err());
            assert!(began.elapsed() < Duration::from_millis(5_000), "{:?}", began.elapsed());
        }
        match back {
            Some(signal) => server.signal(signal),
            None => server.restart(&[]),
        }
        let began = Instant::now();
        while redis.sessions.ping().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(5), "not back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        redis.search_cache.ready().await.unwrap();
    }
    assert!(
        redis.sessions.touch("mina", &[1; 32], at(1), 3600).await.unwrap().is_none(),
        "what was lost is told as lost"
    );
    server.execute("CONFIG SET maxmemory 1");
    assert!(redis.sessions.ping().await.is_err(), "a full one takes nothing");
    assert!(redis.sessions.add("mina", [2; 32], session("b", at(0))).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_encrypted_and_believes_only_the_authorities_that_it_is_told() {
    let (certificates, others) = (testing::Certificates::make(), testing::Certificates::make());
    let server = testing::Redis::start_with_tls(&certificates);
    let open = |authorities| {
        Redis::open(&RedisOptions {
            host: "127.0.0.1".to_owned(),
            port: server.port(),
            username: Some("default".to_owned()),
            password: Some(testing::Redis::PASSWORD.to_owned()),
            tls: RedisTls::VerifyIdentity { authorities },
        })
        .unwrap()
    };
    let redis = open(Some(certificates.authority()));
    redis.sessions.add("mina", [1; 32], session("a", at(0))).await.unwrap();
    assert!(redis.sessions.touch("mina", &[1; 32], at(1), 3600).await.unwrap().is_some());
    assert!(open(Some(others.authority())).sessions.ping().await.is_err());
    assert!(open(None).sessions.ping().await.is_err());
}
