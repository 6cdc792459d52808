-- What happened to a connection, for its page, and how rounds went, for the overview.
ALTER TABLE calls ADD COLUMN operation TEXT;
ALTER TABLE calls ADD COLUMN millis BIGINT;
CREATE INDEX calls_by_connection ON calls (connection_id, at);
CREATE INDEX rounds_by_time ON rounds (started_at);
CREATE INDEX audit_by_subject ON audit (subject, seq);

-- States as they began.
CREATE TABLE state_changes (
  connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,
  cause TEXT,
  PRIMARY KEY (connection_id, at, state)
);
CREATE INDEX state_changes_by_time ON state_changes (at);

-- Rounds by the hour in which they ended, and by their outcome.
CREATE TABLE round_hours (
  hour BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  rounds BIGINT NOT NULL,
  PRIMARY KEY (hour, outcome)
);

-- Entries by the hour in which they were stored, and by how long after their change in Exchange that was: at most so
-- many minutes, 0 for longer than all of them.
CREATE TABLE delay_hours (
  hour BIGINT NOT NULL,
  minutes BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (hour, minutes)
);
