use super::PATIENCE;
use super::options::KafkaOptions;
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

/// So many processes can count at once.
const PARTITIONS: i32 = 6;

/// Makes the topic when there is none and the broker lets us; an event hub is made by whoever runs the namespace.
pub(super) fn make(options: &KafkaOptions) {
    if options.event_hubs {
        return;
    }
    let Ok(admin) = options.admin().create::<AdminClient<DefaultClientContext>>() else { return };
    // -1: as many replicas as the broker's own default.
    let topic = NewTopic::new(&options.topic, PARTITIONS, TopicReplication::Fixed(-1));
    let wait = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
    let made = block_on(admin.create_topics([&topic], &wait));
    match made.ok().and_then(|results| results.into_iter().next()) {
        Some(Ok(_)) => tracing::info!(topic = options.topic, partitions = PARTITIONS, "made the topic"),
        // There already, or no broker answers: that is told elsewhere.
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => {}
        Some(Err((_, code))) => {
            tracing::warn!(topic = options.topic, reason = %code, "the topic can't be made: if it is not there, make it");
        }
    }
}
