-- The search index: three-character terms of the folded texts, in segments of 2^8, 2^12 or 2^16 ids.
-- Messages beyond the last segment are not indexed yet; a search reads them.
CREATE TABLE search_segments (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    -- One bit per id: set while the message exists.
    live BLOB NOT NULL
);

-- Which of a segment's messages contain a term; the encoding is described in src/sqlite/search/postings.rs.
CREATE TABLE search_postings (
    segment INTEGER NOT NULL,
    term INTEGER NOT NULL,
    ids BLOB NOT NULL,
    PRIMARY KEY (segment, term)
) WITHOUT ROWID;
