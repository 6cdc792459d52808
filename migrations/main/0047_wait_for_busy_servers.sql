-- Pauses that Exchange asked for: until when an account is left alone, and how often in a row that was asked.
ALTER TABLE accounts ADD COLUMN busy_until BIGINT;
ALTER TABLE accounts ADD COLUMN busy_times BIGINT NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN busy_times BIGINT NOT NULL DEFAULT 0;
