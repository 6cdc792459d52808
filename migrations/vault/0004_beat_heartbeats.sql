-- When each running instance last wrote here.
CREATE TABLE heartbeats (
  instance TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);
