-- What the organisation allows: one row for each rule that an admin has set; the others stand at their defaults.
CREATE TABLE policy (
  rule TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
-- How much of a calendar its owner lets Kalends keep; NULL: as the organisation says.
ALTER TABLE users ADD COLUMN privacy TEXT;
