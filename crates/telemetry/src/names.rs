//! Names of attributes, spans and metrics, written the same in the browser and on the server.
//!
//! From OpenTelemetry's semantic conventions 1.44 unless said otherwise.

/// Conventions declared stable.
pub mod stable {
    pub const CLIENT_ADDRESS: &str = "client.address";
    pub const DB_COLLECTION_NAME: &str = "db.collection.name";
    pub const DB_OPERATION_NAME: &str = "db.operation.name";
    pub const DB_QUERY_SUMMARY: &str = "db.query.summary";
    pub const DB_QUERY_TEXT: &str = "db.query.text";
    pub const DB_RESPONSE_STATUS_CODE: &str = "db.response.status_code";
    pub const DB_SYSTEM_NAME: &str = "db.system.name";
    pub const DEPLOYMENT_ENVIRONMENT_NAME: &str = "deployment.environment.name";
    pub const ERROR_TYPE: &str = "error.type";
    pub const EXCEPTION: &str = "exception";
    pub const EXCEPTION_MESSAGE: &str = "exception.message";
    pub const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";
    pub const EXCEPTION_TYPE: &str = "exception.type";
    pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
    pub const HTTP_REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";
    pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
    pub const HTTP_ROUTE: &str = "http.route";
    pub const SERVER_ADDRESS: &str = "server.address";
    pub const SERVER_PORT: &str = "server.port";
    pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";
    pub const SERVICE_NAME: &str = "service.name";
    pub const SERVICE_VERSION: &str = "service.version";
    pub const TELEMETRY_SDK_LANGUAGE: &str = "telemetry.sdk.language";
    pub const TELEMETRY_SDK_NAME: &str = "telemetry.sdk.name";
    pub const TELEMETRY_SDK_VERSION: &str = "telemetry.sdk.version";
    pub const URL_FULL: &str = "url.full";
    pub const URL_PATH: &str = "url.path";
    pub const URL_QUERY: &str = "url.query";
    pub const URL_SCHEME: &str = "url.scheme";
    pub const USER_AGENT_ORIGINAL: &str = "user_agent.original";

    /// Seconds, by method, route and status.
    pub const HTTP_SERVER_REQUEST_DURATION: &str = "http.server.request.duration";
    /// Seconds, by system and operation.
    pub const DB_CLIENT_OPERATION_DURATION: &str = "db.client.operation.duration";
}

/// Conventions that may still change.
pub mod development {
    pub const HTTP_RESPONSE_BODY_SIZE: &str = "http.response.body.size";
    /// What an event of the log is called.
    pub const EVENT_NAME: &str = "event.name";
    pub const MESSAGING_CONSUMER_GROUP_NAME: &str = "messaging.consumer.group.name";
    pub const MESSAGING_DESTINATION_PARTITION_ID: &str = "messaging.destination.partition.id";
    pub const MESSAGING_KAFKA_OFFSET: &str = "messaging.kafka.offset";
    pub const MESSAGING_MESSAGE_ID: &str = "messaging.message.id";
    pub const MESSAGING_DESTINATION_NAME: &str = "messaging.destination.name";
    pub const MESSAGING_OPERATION_NAME: &str = "messaging.operation.name";
    pub const MESSAGING_OPERATION_TYPE: &str = "messaging.operation.type";
    pub const MESSAGING_SYSTEM: &str = "messaging.system";
    pub const PROCESS_PID: &str = "process.pid";
    pub const SESSION_ID: &str = "session.id";
    pub const USER_NAME: &str = "user.name";
    /// Every name that starts so describes the reader's browser.
    pub const BROWSER_PREFIX: &str = "browser.";
    pub const BROWSER_WEB_VITAL_NAME: &str = "browser.web_vital.name";
    pub const BROWSER_WEB_VITAL_VALUE: &str = "browser.web_vital.value";
    pub const BROWSER_LANGUAGE: &str = "browser.language";
    pub const BROWSER_MOBILE: &str = "browser.mobile";
    pub const BROWSER_PLATFORM: &str = "browser.platform";

    pub const CPU_MODE: &str = "cpu.mode";
    pub const DB_CLIENT_CONNECTION_POOL_NAME: &str = "db.client.connection.pool.name";
    pub const DB_CLIENT_CONNECTION_STATE: &str = "db.client.connection.state";

    pub const DB_CLIENT_CONNECTION_COUNT: &str = "db.client.connection.count";
    pub const DB_CLIENT_CONNECTION_MAX: &str = "db.client.connection.max";
    pub const DB_CLIENT_CONNECTION_TIMEOUTS: &str = "db.client.connection.timeouts";
    pub const DB_CLIENT_CONNECTION_WAIT_TIME: &str = "db.client.connection.wait_time";
    pub const MESSAGING_CLIENT_OPERATION_DURATION: &str = "messaging.client.operation.duration";
    pub const MESSAGING_PROCESS_DURATION: &str = "messaging.process.duration";
    pub const MESSAGING_CLIENT_SENT_MESSAGES: &str = "messaging.client.sent.messages";
    pub const PROCESS_CPU_TIME: &str = "process.cpu.time";
    pub const PROCESS_FILE_DESCRIPTOR_COUNT: &str = "process.unix.file_descriptor.count";
    pub const PROCESS_MEMORY_USAGE: &str = "process.memory.usage";
    pub const PROCESS_THREAD_COUNT: &str = "process.thread.count";
    pub const PROCESS_UPTIME: &str = "process.uptime";
}

/// Glassboard's own.
pub mod own {
    /// The part of the system that a span belongs to, where the conventions do not tell: a `model::Part`.
    pub const PART: &str = "glassboard.part";
    /// The hash of the visitor cookie; set by the server only.
    pub const VISITOR: &str = "glassboard.visitor";
    /// Milliseconds to add to the browser's clock to get the server's, as estimated by the browser.
    pub const CLOCK_OFFSET_MS: &str = "glassboard.clock_offset_ms";
    /// The accessible name of what was clicked, submitted or typed into.
    pub const TARGET_NAME: &str = "target.name";
    /// Where it is in the page: element names, ids and roles, never what was typed.
    pub const TARGET_PATH: &str = "target.path";
    /// What a component of the pages is called in the program.
    pub const COMPONENT_NAME: &str = "component.name";

    /// Of a page's resource: how many it has lost since its last request.
    pub const DROPPED_SPANS: &str = "glassboard.dropped_spans";
    pub const DROPPED_LOG_RECORDS: &str = "glassboard.dropped_log_records";

    pub const BROWSER_DROPPED: &str = "glassboard.browser.dropped";
    pub const DEPENDENCY_UP: &str = "glassboard.dependency.up";
    pub const FAULTS: &str = "glassboard.faults";
    pub const LAYOUT_SHIFT: &str = "glassboard.web_vital.layout_shift";
    pub const LOG_INS: &str = "glassboard.log_ins";
    pub const MESSAGES_POSTED: &str = "glassboard.messages.posted";
    pub const REGISTRATIONS: &str = "glassboard.registrations";
    pub const SEARCHES: &str = "glassboard.searches";
    pub const SESSIONS_ACTIVE: &str = "glassboard.sessions.active";
    pub const TELEMETRY_DROPPED: &str = "glassboard.telemetry.dropped";
    pub const TELEMETRY_QUEUED: &str = "glassboard.telemetry.queued";
    pub const TELEMETRY_SENT: &str = "glassboard.telemetry.sent";
    pub const TRACES: &str = "glassboard.traces";
    pub const WEB_VITAL: &str = "glassboard.web_vital.duration";

    /// Log events with this target stay out of spans: the request's own span says the same.
    pub const ACCESS_LOG_TARGET: &str = "access";

    /// The page's `<meta>` with the documentFetch span's context; also the Server-Timing entry.
    pub const META_TRACEPARENT: &str = "traceparent";
    /// What made the browser fetch a file, such as `link`.
    pub const RESOURCE_INITIATOR: &str = "browser.resource.initiator";
    /// Milliseconds that the page did not answer, and when that began after the page's start.
    pub const LONG_TASK_DURATION_MS: &str = "browser.long_task.duration_ms";
    pub const LONG_TASK_START_MS: &str = "browser.long_task.start_ms";
    /// Whether a search was answered from the cache.
    pub const SEARCH_CACHE_HIT: &str = "search.cache_hit";
    /// How fast the reader's connection seems to be, such as `4g`.
    pub const BROWSER_CONNECTION: &str = "browser.connection.effective_type";

    /// The page's `<meta>` that says below which number traces are kept from the beginning, or `off`. Without: all.
    pub const META_RECORDING: &str = "glassboard-recording";
    /// The page's `<meta>` with the documentLoad span's id.
    pub const META_DOCUMENT: &str = "glassboard-document";
}

/// The browser's spans, named as OpenTelemetry's browser instrumentation does.
pub mod span {
    pub const CLICK: &str = "click";
    pub const DOCUMENT_FETCH: &str = "documentFetch";
    pub const DOCUMENT_LOAD: &str = "documentLoad";
    pub const HYDRATE: &str = "hydrate";
    pub const INPUT: &str = "input";
    /// A component comes into the page, and goes.
    pub const MOUNT: &str = "mount";
    pub const UNMOUNT: &str = "unmount";
    pub const NAVIGATION: &str = "navigation";
    pub const RECONNECT: &str = "reconnect";
    pub const RESOURCE_FETCH: &str = "resourceFetch";
    pub const SUBMIT: &str = "submit";
}

/// The names that dashboards made for the first board know.
pub mod metric {
    pub const ACTIVE_CONNECTIONS: &str = "active_connections";
    pub const DB_OPERATIONS_TOTAL: &str = "db_operations_total";
    pub const HTTP_REQUEST_DURATION_SECONDS: &str = "http_request_duration_seconds";
    pub const HTTP_REQUESTS_TOTAL: &str = "http_requests_total";
    pub const KAFKA_MESSAGES_SENT_TOTAL: &str = "kafka_messages_sent_total";
}
