-- A line of the audit trail that was seen in its place, kept where whoever holds the main database alone cannot reach.
CREATE TABLE anchors (
  id BIGINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL,
  at BIGINT NOT NULL
);
