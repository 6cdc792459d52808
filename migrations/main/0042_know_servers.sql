-- What the organisation's servers are reached at and show: a server that shares either of them is one of them.
CREATE TABLE known_servers (
  host TEXT NOT NULL,
  address TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (host, address, fingerprint)
);
