-- Times at which the clock of an instance was found set, so that administrators are told.
CREATE TABLE clock_jumps (
  id TEXT PRIMARY KEY,
  instance TEXT NOT NULL,
  seconds BIGINT NOT NULL,
  at BIGINT NOT NULL
);
