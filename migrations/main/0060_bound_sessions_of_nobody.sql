-- Strangers have few sessions each: the hash of the network that one was begun from, where it counts.
ALTER TABLE sessions ADD COLUMN network TEXT;
CREATE INDEX sessions_by_network ON sessions (network, touched_at);
CREATE INDEX sessions_by_use ON sessions (user_id, touched_at);
