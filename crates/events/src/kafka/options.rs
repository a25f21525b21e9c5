use rdkafka::ClientConfig;
use std::path::PathBuf;

/// Which brokers, and how they know us.
#[derive(Clone)]
pub struct KafkaOptions {
    /// `host:port`, with commas.
    pub servers: String,
    pub topic: String,
    /// Of those who count.
    pub group: String,
    /// As Kafka's clients name it: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT`, `SASL_SSL`.
    pub security_protocol: &'static str,
    /// A file with the authorities' certificates; `None`: the system's.
    pub authorities: Option<PathBuf>,
    pub sasl: Option<Sasl>,
    /// The brokers are Azure Event Hubs.
    pub event_hubs: bool,
}

#[derive(Clone)]
pub struct Sasl {
    pub mechanism: String,
    pub username: String,
    pub password: String,
}

impl KafkaOptions {
    /// What all clients have in common.
    fn common(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.servers)
            .set("client.id", "glassboard")
            .set("security.protocol", self.security_protocol)
            // Back soon when a broker is.
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("socket.connection.setup.timeout.ms", "5000");
        if self.security_protocol.ends_with("SSL") {
            let authorities =
                self.authorities.as_ref().map_or_else(|| "probe".into(), |path| path.display().to_string());
            config.set("ssl.ca.location", authorities);
        }
        if let Some(sasl) = &self.sasl {
            config
                .set("sasl.mechanism", &sasl.mechanism)
                .set("sasl.username", &sasl.username)
                .set("sasl.password", &sasl.password);
        }
        if self.event_hubs {
            // As Microsoft advises: idle connections are closed there after four minutes.
            config
                .set("metadata.max.age.ms", "180000")
                .set("connections.max.idle.ms", "180000")
                .set("socket.timeout.ms", "60000")
                .set("socket.keepalive.enable", "true");
        }
        config
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.common();
        config
            .set("enable.idempotence", "true")
            // One that the broker makes has as many partitions as it likes.
            .set("allow.auto.create.topics", "false")
            // A topic that is not there is made: soon, instead of after half a minute.
            .set("topic.metadata.propagation.max.ms", "3000")
            // What the broker has not taken stays until it does: nothing is given up after a while.
            .set("message.timeout.ms", "0")
            .set("linger.ms", "20")
            // A broker refuses a batch that is larger than it takes as a whole.
            .set("batch.size", "262144")
            .set("queue.buffering.max.messages", "20000")
            .set("queue.buffering.max.kbytes", "32768");
        if self.event_hubs {
            config.set("request.timeout.ms", "60000").set("message.max.bytes", "1046528");
        } else {
            config.set("compression.type", "lz4");
        }
        config
    }

    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = self.reader();
        config
            .set("group.id", &self.group)
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", if self.event_hubs { "30000" } else { "10000" })
            .set("statistics.interval.ms", "2000");
        config
    }

    pub(super) fn admin(&self) -> ClientConfig {
        self.common()
    }

    /// Reads without being of a group.
    pub(super) fn reader(&self) -> ClientConfig {
        let mut config = self.common();
        config
            .set("group.id", "glassboard-reader")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "100")
            .set("queued.max.messages.kbytes", "16384");
        config
    }
}
