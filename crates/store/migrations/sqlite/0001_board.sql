-- Times are integers: milliseconds since 1970-01-01T00:00:00Z.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username VARCHAR(255) NOT NULL UNIQUE,
    password VARCHAR(255) NOT NULL,
    created_at INTEGER,
    -- The folded name, under which a user is unique.
    username_key TEXT NOT NULL UNIQUE
);

-- AUTOINCREMENT: an id is never used twice, which the search index relies on.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT,
    created_at INTEGER,
    user_id VARCHAR(255),
    -- The author's username_key.
    author_key TEXT,
    sample INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX messages_by_author ON messages (author_key);
CREATE INDEX messages_samples ON messages (author_key) WHERE sample = 1;

-- How many messages each block of 2^shift ids holds; owner '' is everyone, shift 62 is the total.
-- Written by the transaction that adds or deletes the messages.
CREATE TABLE message_counts (
    owner TEXT NOT NULL,
    shift INTEGER NOT NULL,
    block INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (owner, shift, block)
) WITHOUT ROWID;

CREATE TABLE sample_counts (author_key TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
