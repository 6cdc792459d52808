-- Whoever has waited longest is looked for first, over all accounts.
CREATE INDEX connections_by_time ON connections (due_at);
