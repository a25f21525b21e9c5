-- Compared by their bytes: what is the same name is decided by username_key alone.
ALTER TABLE users ENGINE=InnoDB, ROW_FORMAT=DYNAMIC, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
ALTER TABLE messages ENGINE=InnoDB, ROW_FORMAT=DYNAMIC, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
ALTER TABLE messages MODIFY created_at DATETIME(3);

-- The folded name, under which a user is unique. 255 characters are at most 765 in NFC.
ALTER TABLE users ADD COLUMN IF NOT EXISTS username_key VARCHAR(765) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- The author's username_key.
ALTER TABLE messages ADD COLUMN IF NOT EXISTS author_key VARCHAR(765) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
ALTER TABLE messages ADD COLUMN IF NOT EXISTS sample TINYINT NOT NULL DEFAULT 0;

-- How many messages each block of 2^shift ids holds; owner '' is everyone, shift 62 is the total, in block 0.
-- Written by the transaction that adds or deletes the messages, which locks everyone's total first.
CREATE TABLE IF NOT EXISTS message_counts (
    owner VARCHAR(765) NOT NULL,
    shift TINYINT NOT NULL,
    block INT NOT NULL,
    n INT NOT NULL,
    PRIMARY KEY (owner, shift, block)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS sample_counts (
    author_key VARCHAR(765) NOT NULL PRIMARY KEY,
    n INT NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The search index: three-character terms of the folded texts, in segments of 2^8, 2^12 or 2^16 ids.
-- Messages beyond the last segment are not indexed yet; a search reads them.
CREATE TABLE IF NOT EXISTS search_segments (
    first INT NOT NULL PRIMARY KEY,
    last INT NOT NULL,
    -- One bit per id: set while the message exists.
    live BLOB NOT NULL
) ENGINE=InnoDB;

-- Which of a segment's messages contain a term; the encoding is described in src/search/postings.rs.
CREATE TABLE IF NOT EXISTS search_postings (
    segment INT NOT NULL,
    term BIGINT NOT NULL,
    ids BLOB NOT NULL,
    PRIMARY KEY (segment, term)
) ENGINE=InnoDB;

-- Deleted messages that are still live in their segment: a search leaves them out, the next look after the index
-- takes them out.
CREATE TABLE IF NOT EXISTS search_gone (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB;
