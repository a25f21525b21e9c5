-- After the rows of an older board have their keys.
ALTER TABLE users MODIFY username_key VARCHAR(765) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL;
ALTER TABLE users ADD UNIQUE INDEX IF NOT EXISTS users_by_key (username_key);
ALTER TABLE messages ADD INDEX IF NOT EXISTS messages_by_author (author_key, id);
ALTER TABLE messages ADD INDEX IF NOT EXISTS messages_samples (sample, id);
ALTER TABLE messages ADD INDEX IF NOT EXISTS messages_samples_of_author (author_key, sample, id);
