-- What was ended after the state that this database was set back to, and may be back.
CREATE TABLE endings_to_review (
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL,
  at BIGINT NOT NULL,
  adopted_at BIGINT NOT NULL,
  who TEXT,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (adopted_at, seq)
);
