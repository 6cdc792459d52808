-- The build that a host said it runs, and since when.
CREATE TABLE servers (
  host TEXT PRIMARY KEY,
  build TEXT NOT NULL,
  since BIGINT NOT NULL
);
