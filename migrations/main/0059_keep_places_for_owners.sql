-- Typed by whoever answers for the account: one of the typed places is kept for them.
ALTER TABLE refusals ADD COLUMN own SMALLINT NOT NULL DEFAULT 0;
