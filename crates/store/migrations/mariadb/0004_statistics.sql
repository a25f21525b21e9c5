-- What API calls were like. Times are minutes since 1970-01-01T00:00Z; a row stands for `width` minutes from `start`:
-- every call is in a row of a minute and in one of an hour.
CREATE TABLE IF NOT EXISTS api_calls (
    width SMALLINT NOT NULL,
    start INT NOT NULL,
    endpoint VARCHAR(255) NOT NULL,
    method VARCHAR(16) NOT NULL,
    status SMALLINT NOT NULL,
    -- Of the duration; -1: unknown.
    bucket SMALLINT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (width, start, endpoint, method, status, bucket)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS api_callers (
    width SMALLINT NOT NULL,
    start INT NOT NULL,
    endpoint VARCHAR(255) NOT NULL,
    method VARCHAR(16) NOT NULL,
    status SMALLINT NOT NULL,
    caller VARCHAR(255) NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (width, start, endpoint, method, status, caller)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Log-ins by outcome, and events that could not be read.
CREATE TABLE IF NOT EXISTS api_counts (
    width SMALLINT NOT NULL,
    start INT NOT NULL,
    kind VARCHAR(32) NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (width, start, kind)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Up to where the partitions of a source have been counted, and when the log took the newest of it (milliseconds).
-- Whoever counts events of a partition locks its row first.
CREATE TABLE IF NOT EXISTS event_positions (
    source VARCHAR(255) NOT NULL,
    part INT NOT NULL,
    next BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    PRIMARY KEY (source, part)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which of a producer's events have been counted: see src/statistics/window.rs.
CREATE TABLE IF NOT EXISTS event_producers (
    source VARCHAR(255) NOT NULL,
    part INT NOT NULL,
    producer BINARY(8) NOT NULL,
    highest BIGINT NOT NULL,
    counted BLOB NOT NULL,
    seen INT NOT NULL,
    PRIMARY KEY (source, part, producer),
    INDEX event_producers_seen (seen)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Names of events that other programs gave, shortened to 16 bytes.
CREATE TABLE IF NOT EXISTS event_names (
    name BINARY(16) NOT NULL PRIMARY KEY,
    seen INT NOT NULL,
    INDEX event_names_seen (seen)
) ENGINE=InnoDB;

-- Records that are no events.
CREATE TABLE IF NOT EXISTS events_aside (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    source VARCHAR(255) NOT NULL,
    part INT NOT NULL,
    place BIGINT NOT NULL,
    seen INT NOT NULL,
    reason VARCHAR(255) NOT NULL,
    record BLOB NOT NULL,
    INDEX events_aside_seen (seen)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
