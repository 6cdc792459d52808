-- Ended sessions are looked for by either end.
CREATE INDEX sessions_by_absolute_end ON sessions (absolute_expires_at);
