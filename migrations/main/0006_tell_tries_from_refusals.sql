-- A try whose answer is not known yet takes a place for a moment, and is no refusal.
ALTER TABLE refusals ADD COLUMN pending SMALLINT NOT NULL DEFAULT 0;
