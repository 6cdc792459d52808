-- Devices on which people have signed in: the SHA-256 of what their cookie holds.
CREATE TABLE known_devices (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, hash)
);
CREATE INDEX known_devices_by_hash ON known_devices (hash);
CREATE INDEX known_devices_by_end ON known_devices (ends_at);
