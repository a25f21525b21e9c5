use super::{SPOOL, call, endpoints, identities, options, receive, receive_count, sent, spool};
use board::ports::{Engine, EventSource, Events, Identity};
use events::Spool;
use events::kafka::{KafkaEvents, KafkaOptions, KafkaSource, Sasl, event_hubs};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeSet;
use std::time::Duration;
use testing::{Certificates, Kafka};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn while_the_broker_is_away_events_wait_and_then_all_of_them_arrive() {
    let kafka = Kafka::start(None);
    let (folder, options) = (tempfile::tempdir().unwrap(), options(&kafka));
    let events = KafkaEvents::open(&options, spool(&folder)).unwrap();
    let mut told: BTreeSet<String> =
        (0..100).map(|_| events.send(call("/before", Some("mina"))).event_id.clone()).collect();
    sent(&events).await;
    for signal in ["KILL", "TERM"] {
        kafka.signal(signal);
        told.extend((0..500).map(|i| events.send(call(&format!("/{signal}/{i}"), Some("mina"))).event_id.clone()));
        tokio::time::sleep(Duration::from_secs(2)).await;
        let down = events.ping().await.err().unwrap().to_string();
        // One that ends in order may still take what comes.
        assert!(down.contains("0 are lost") && (signal == "TERM" || events.waiting() > 0), "{down}");
        kafka.restart();
        sent(&events).await;
    }
    let mut source = KafkaSource::open(&options).unwrap();
    let arrived = receive(&mut source, |all| identities(all).len() >= told.len()).await;
    assert_eq!(identities(&arrived), told);
    assert_eq!(events.lost(), 0);
    assert!(events.ping().await.is_ok());
    events.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_could_not_send_the_next_one_does() {
    let kafka = Kafka::shared();
    let (folder, options) = (tempfile::tempdir().unwrap(), options(kafka));
    let nobody = KafkaOptions { servers: "127.0.0.1:9".to_owned(), ..options.clone() };
    let events = KafkaEvents::open(&nobody, spool(&folder)).unwrap();
    let mut told: BTreeSet<String> = (0..50).map(|_| events.send(call("/x", None)).event_id.clone()).collect();
    // It ends after its limit although nothing could be sent.
    events.close().await;
    assert_eq!(events.waiting(), 50);
    drop(events);
    let events = KafkaEvents::open(&options, spool(&folder)).unwrap();
    told.insert(events.send(call("/y", None)).event_id.clone());
    sent(&events).await;
    let arrived = receive_count(&mut KafkaSource::open(&options).unwrap(), 51).await;
    assert_eq!((arrived.len(), identities(&arrived)), (51, told));
    events.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_deleted_is_made_anew_and_what_it_had_not_taken_arrives() {
    deleted(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_somebody_made_anew_at_once_is_counted_from_its_start() {
    deleted(true).await;
}

/// `at_once`: somebody else makes the topic anew before anybody here has noticed.
async fn deleted(at_once: bool) {
    let kafka = Kafka::start(None);
    let (folder, options) = (tempfile::tempdir().unwrap(), options(&kafka));
    let events = KafkaEvents::open(&options, spool(&folder)).unwrap();
    let mut source = KafkaSource::open(&options).unwrap();
    // More than come after: a new topic that is as long as the old one before anybody reads it can't be told from it.
    (0..400).for_each(|_| drop(events.send(call("/before", Some("mina")))));
    sent(&events).await;
    receive_count(&mut source, 400).await;
    // The partitions have had another leader: whoever knows them takes those of the new topic for older ones.
    kafka.signal("TERM");
    kafka.restart();
    drop(events.send(call("/before", Some("mina"))));
    sent(&events).await;
    receive_count(&mut source, 1).await;
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", kafka.servers()).create().unwrap();
    let waiting = AdminOptions::new().operation_timeout(Some(PATIENCE));
    admin.delete_topics(&[&options.topic], &waiting).await.unwrap();
    if at_once {
        let topic = NewTopic::new(&options.topic, 6, TopicReplication::Fixed(1));
        while admin.create_topics([&topic], &waiting).await.unwrap()[0].is_err() {}
    }
    let told: BTreeSet<String> = (0..200)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            events.send(call("/after", Some("mina"))).event_id.clone()
        })
        .collect();
    sent(&events).await;
    let arrived = receive(&mut source, |all| identities(all).len() >= told.len()).await;
    assert_eq!(identities(&arrived), told);
    let metadata = admin.inner().fetch_metadata(Some(&options.topic), PATIENCE).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 6, "the board has made it, not the broker");
    events.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_the_board_goes_on() {
    let (folder, kafka) = (tempfile::tempdir().unwrap(), Kafka::shared());
    let with = |password: &str| KafkaOptions {
        servers: kafka.sasl_servers(),
        security_protocol: "SASL_PLAINTEXT",
        sasl: Some(Sasl {
            mechanism: "PLAIN".to_owned(),
            username: Kafka::USERNAME.to_owned(),
            password: password.to_owned(),
        }),
        ..options(kafka)
    };
    let wrong = KafkaEvents::open(&with("not it"), spool(&folder)).unwrap();
    let id = wrong.send(call("/x", None)).event_id.clone();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told = wrong.ping().await.err().unwrap().to_string();
    assert!(told.contains("refuses the user name or password") && !told.contains("not it"), "{told}");
    wrong.close().await;
    drop(wrong);
    let right = with(Kafka::PASSWORD);
    let events = KafkaEvents::open(&right, spool(&folder)).unwrap();
    sent(&events).await;
    let arrived = receive_count(&mut KafkaSource::open(&right).unwrap(), 1).await;
    assert_eq!(identities(&arrived), BTreeSet::from([id]));
    assert!(events.ping().await.is_ok());
    events.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_hubs_are_spoken_to_with_their_connection_string_over_tls() {
    let certificates = Certificates::make();
    let kafka = Kafka::start(Some(&certificates));
    let hub = |string: &str, authorities| event_hubs(string, Some("calls"), "$Default", authorities).unwrap();
    let string = kafka.connection_string();
    // An event hub is made by whoever runs the namespace.
    let right = hub(&string, Some(certificates.authority()));
    let made = KafkaOptions { topic: "calls".to_owned(), ..options(&kafka) };
    let folder = tempfile::tempdir().unwrap();
    let maker = KafkaEvents::open(&made, spool(&folder)).unwrap();
    maker.send(call("/maker", None));
    sent(&maker).await;
    maker.close().await;

    let folder = tempfile::tempdir().unwrap();
    for (options, why) in [
        (hub(&string, None), "certificate"),
        (hub(&string.replace(Kafka::SHARED_ACCESS_KEY, "d3Jvbmc="), Some(certificates.authority())), "refuses"),
    ] {
        let events = KafkaEvents::open(&options, spool(&folder)).unwrap();
        events.send(call("/x", None));
        tokio::time::sleep(Duration::from_secs(2)).await;
        let told = events.ping().await.err().unwrap().to_string();
        assert!(told.contains(why) && !told.contains("SharedAccessKey"), "{told}");
        events.close().await;
    }
    let events = KafkaEvents::open(&right, spool(&folder)).unwrap();
    assert_eq!(events.name(), "event-hubs");
    sent(&events).await;
    let arrived = receive_count(&mut KafkaSource::open(&right).unwrap(), 3).await;
    assert_eq!(endpoints(&arrived).iter().filter(|endpoint| *endpoint == "/x").count(), 2);
    events.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_other_programs_are_read_and_what_is_none_is_told_apart() {
    let kafka = Kafka::shared();
    let options = options(kafka);
    let folder = tempfile::tempdir().unwrap();
    let events = KafkaEvents::open(&options, spool(&folder)).unwrap();
    events.send(call("/ours", None));
    sent(&events).await;
    let foreign: BaseProducer = ClientConfig::new().set("bootstrap.servers", kafka.servers()).create().unwrap();
    let old = r#"{"timestamp": "2026-11-21T01:02:03.456789", "endpoint": "/old", "method": "GET", "status": "success", "user_id": "mina", "message": "x"}"#;
    let named = r#"{"timestamp": "2026-11-21T01:02:03Z", "endpoint": "/named", "method": "GET", "status": 200, "event_id": "one"}"#;
    for payload in [old, named, "no JSON", ""] {
        foreign.send(BaseRecord::<(), str>::to(&options.topic).payload(payload)).unwrap();
    }
    foreign.flush(PATIENCE).unwrap();
    let arrived = receive_count(&mut KafkaSource::open(&options).unwrap(), 5).await;
    let of = |endpoint: &str| {
        let events = arrived.iter().filter_map(|event| event.content.as_ref().ok());
        events.filter(|(_, call)| &*call.endpoint == endpoint).map(|(identity, _)| identity.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("/old"), [Identity::Placed]);
    assert_eq!(of("/named"), [Identity::Named("one".to_owned())]);
    assert_eq!(of("/ours").len(), 1);
    assert_eq!(arrived.iter().filter(|event| event.content.is_err()).count(), 2);
    events.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_count_share_the_partitions_and_what_was_not_counted_comes_again() {
    let (folder, options) = (tempfile::tempdir().unwrap(), options(Kafka::shared()));
    let events = KafkaEvents::open(&options, Spool::open(folder.path(), SPOOL).unwrap()).unwrap();
    let mut one = KafkaSource::open(&options).unwrap();
    (0..50).for_each(|i| drop(events.send(call("/x", Some(&format!("user {i}"))))));
    sent(&events).await;
    // Received, and never counted.
    let (mut received, until) = (0, std::time::Instant::now() + super::LONG);
    while received < 50 && std::time::Instant::now() < until {
        received += one.receive().await.unwrap().len();
    }
    assert_eq!(received, 50);
    one.close().await;
    let (mut two, mut three) = (KafkaSource::open(&options).unwrap(), KafkaSource::open(&options).unwrap());
    let (mut of_two, mut of_three) = (Vec::new(), Vec::new());
    let mut told = BTreeSet::new();
    while of_two.is_empty()
        || of_three.is_empty()
        || told.len() > identities(&of_two).len() + identities(&of_three).len()
    {
        assert!(std::time::Instant::now() < until, "{} and {}", of_two.len(), of_three.len());
        told.extend((0..20).map(|i| events.send(call("/y", Some(&format!("user {i}")))).event_id.clone()));
        for (source, all) in [(&mut two, &mut of_two), (&mut three, &mut of_three)] {
            all.extend(source.receive().await.unwrap());
            source.counted().await;
        }
    }
    let all: BTreeSet<String> = identities(&of_two).union(&identities(&of_three)).cloned().collect();
    assert!(
        all.len() >= 50 && of_two.iter().chain(&of_three).any(|event| endpoints(std::slice::from_ref(event)) == ["/x"])
    );
    events.close().await;
}
