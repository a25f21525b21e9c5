use super::{call, endpoints, identities, is_sequenced, receive_count, sent};
use board::ports::{EventSource, Events};
use model::PageRequest;

pub async fn each_event_arrives_with_an_id_of_its_own(events: &dyn Events, source: &mut dyn EventSource) {
    let users = [Some("mina"), Some("준"), None];
    let told: Vec<_> = (0..300_usize).map(|i| events.send(call(&format!("/{i}"), users[i % 3]))).collect();
    let arrived = receive_count(source, 300).await;
    assert_eq!(arrived.len(), 300);
    assert!(arrived.iter().all(is_sequenced));
    assert_eq!(identities(&arrived), told.iter().map(|event| event.event_id.clone()).collect());
    for event in told {
        let found = arrived.iter().filter_map(|arrived| arrived.content.as_ref().ok());
        let found = found.map(|(_, call)| call).find(|call| call.event_id == event.event_id);
        assert_eq!(found, Some(&event));
    }
    // A user's events stay in order.
    let of_mina = arrived.iter().filter_map(|arrived| arrived.content.as_ref().ok()).map(|(_, call)| call);
    let of_mina = of_mina.filter(|call| call.user.as_ref().is_some_and(|name| name.as_str() == "mina"));
    let places: Vec<usize> = of_mina.map(|call| call.endpoint[1..].parse().unwrap()).collect();
    assert!(places.len() == 100 && places.is_sorted(), "{places:?}");
}

pub async fn the_newest_events_are_shown_first(events: &dyn Events, _source: &mut dyn EventSource) {
    for i in 0..30 {
        events.send(call(&format!("/{i}"), Some("mina")));
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let until = std::time::Instant::now() + super::LONG;
    loop {
        let page = events.recent(PageRequest::new(2, 10)).await.unwrap();
        let shown: Vec<&str> = page.entries.iter().map(|entry| &*entry.endpoint).collect();
        if page.pagination.total == 30 {
            let expected: Vec<String> = (10..20).rev().map(|i| format!("/{i}")).collect();
            assert_eq!(shown, expected);
            return;
        }
        assert!(std::time::Instant::now() < until, "{} of 30 are shown", page.pagination.total);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

pub async fn nothing_is_lost_or_waits_in_the_end(events: &dyn Events, source: &mut dyn EventSource) {
    (0..10).for_each(|i| drop(events.send(call(&format!("/{i}"), None))));
    let mut arrived = endpoints(&receive_count(source, 10).await);
    arrived.sort();
    assert_eq!(arrived, (0..10).map(|i| format!("/{i}")).collect::<Vec<_>>());
    sent(events).await;
    assert_eq!(events.lost(), 0);
    assert!(events.ping().await.is_ok());
}
