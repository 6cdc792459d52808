-- What the list of connections is filtered, sorted and searched by.
-- An admin has paused this one alone.
ALTER TABLE connections ADD COLUMN paused_at BIGINT;
-- The code of the problem.
ALTER TABLE connections ADD COLUMN cause TEXT;
-- The user's name as `users` has it, and the mail domain of the mailbox.
ALTER TABLE connections ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN domain TEXT NOT NULL DEFAULT '';

-- Broken first; the expression is the one of the queries.
CREATE INDEX connections_by_rank ON connections ((CASE WHEN paused_at IS NOT NULL THEN 2 WHEN state = 'action_needed' THEN 0 WHEN state = 'delayed' THEN 1 ELSE 3 END), name_key, id);
CREATE INDEX connections_by_name ON connections (name_key, id);
CREATE INDEX connections_by_since ON connections (since, id);
CREATE INDEX connections_by_sync ON connections ((COALESCE(last_synced_at, 0)), id);
CREATE INDEX connections_by_cause ON connections (cause, account_id);
CREATE INDEX connections_by_domain ON connections (domain, name_key, id);
CREATE INDEX users_by_name ON users (name_key, id);

-- The beginnings of words by which people are found: of names, addresses and mailboxes. Words are the hex digits of
-- their UTF-8, so that a range of them is the same in every collation.
CREATE TABLE search_words (
  word TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (word, user_id)
);
CREATE INDEX search_words_by_user ON search_words (user_id);
