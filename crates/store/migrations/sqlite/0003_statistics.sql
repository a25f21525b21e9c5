-- What API calls were like. Times are minutes since 1970-01-01T00:00Z; a row stands for `width` minutes from `start`:
-- every call is in a row of a minute and in one of an hour.
CREATE TABLE api_calls (
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    method TEXT NOT NULL,
    status INTEGER NOT NULL,
    -- Of the duration; -1: unknown.
    bucket INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (width, start, endpoint, method, status, bucket)
) WITHOUT ROWID;

CREATE TABLE api_callers (
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    method TEXT NOT NULL,
    status INTEGER NOT NULL,
    caller TEXT NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (width, start, endpoint, method, status, caller)
) WITHOUT ROWID;

-- Log-ins by outcome, and events that could not be read.
CREATE TABLE api_counts (
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    kind TEXT NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (width, start, kind)
) WITHOUT ROWID;

-- Up to where the partitions of a source have been counted, and when the log took the newest of it (milliseconds).
CREATE TABLE event_positions (
    source TEXT NOT NULL,
    part INTEGER NOT NULL,
    next INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (source, part)
) WITHOUT ROWID;

-- Which of a producer's events have been counted: see src/statistics/window.rs.
CREATE TABLE event_producers (
    source TEXT NOT NULL,
    part INTEGER NOT NULL,
    producer BLOB NOT NULL,
    highest INTEGER NOT NULL,
    counted BLOB NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (source, part, producer)
) WITHOUT ROWID;

-- Names of events that other programs gave, shortened to 16 bytes.
CREATE TABLE event_names (name BLOB PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID;

-- Records that are no events.
CREATE TABLE events_aside (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    part INTEGER NOT NULL,
    place INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    reason TEXT NOT NULL,
    record BLOB NOT NULL
);

CREATE INDEX event_producers_seen ON event_producers (seen);
CREATE INDEX event_names_seen ON event_names (seen);
CREATE INDEX events_aside_seen ON events_aside (seen);
