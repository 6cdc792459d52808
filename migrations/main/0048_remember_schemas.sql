-- How a mailbox's server is asked where it does not take the usual schema, and since when that is known.
ALTER TABLE connections ADD COLUMN request_schema TEXT;
ALTER TABLE connections ADD COLUMN request_schema_at BIGINT;
