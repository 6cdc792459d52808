-- A password that goes out takes a place before it does; what is refused, or never answered, keeps it for an hour. Names
-- are hashed.
DROP TABLE refusals;
CREATE TABLE refusals (
  id TEXT PRIMARY KEY,
  counted_under TEXT NOT NULL,
  typed SMALLINT NOT NULL,
  -- No verdict is known yet.
  pending SMALLINT NOT NULL,
  taken_at BIGINT NOT NULL,
  free_at BIGINT NOT NULL
);
CREATE INDEX refusals_by_key ON refusals (counted_under, free_at);
CREATE INDEX refusals_by_end ON refusals (free_at);
