-- Instants are unix milliseconds in UTC. Texts compared or sorted are stored lower-cased beside their spelling.
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
  id_hash TEXT PRIMARY KEY,
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  data TEXT NOT NULL,
  idle_expires_at BIGINT NOT NULL,
  absolute_expires_at BIGINT NOT NULL,
  touched_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (idle_expires_at);

-- One row per (host, account name) for service accounts; personal accounts have one row per user.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  owner_key TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  secret_id TEXT NOT NULL,
  saved_refusals BIGINT NOT NULL DEFAULT 0,
  stopped_until BIGINT,
  leased_until BIGINT,
  lease TEXT,
  created_at BIGINT NOT NULL,
  UNIQUE (kind, host, name_key, owner_key)
);

-- Refused sign-ins by host and lower-cased account name, whoever caused them.
CREATE TABLE refusals (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  name_key TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX refusals_by_name ON refusals (host, name_key, at);

CREATE TABLE connections (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  mode TEXT NOT NULL,
  mailbox TEXT NOT NULL,
  state TEXT NOT NULL,
  problem TEXT,
  since BIGINT NOT NULL,
  connected_at BIGINT NOT NULL,
  last_round_at BIGINT,
  last_synced_at BIGINT,
  rounds BIGINT NOT NULL DEFAULT 0,
  entries BIGINT NOT NULL DEFAULT 0,
  due_at BIGINT
);
CREATE INDEX connections_by_due ON connections (account_id, due_at);

CREATE TABLE calendars (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL UNIQUE REFERENCES connections (id) ON DELETE CASCADE,
  folder_id TEXT NOT NULL,
  name TEXT NOT NULL,
  sync_state TEXT
);

-- Exchange's item ids are case-sensitive; both engines compare TEXT byte by byte for equality.
CREATE TABLE events (
  id TEXT PRIMARY KEY,
  calendar_id TEXT NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
  item_id TEXT NOT NULL,
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  event TEXT NOT NULL,
  UNIQUE (calendar_id, item_id)
);
CREATE INDEX events_by_time ON events (calendar_id, starts_at, ends_at);

CREATE TABLE checks (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mode TEXT NOT NULL,
  typed TEXT NOT NULL,
  ladder TEXT NOT NULL,
  outcome TEXT,
  cancelled SMALLINT NOT NULL DEFAULT 0,
  started_at BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX checks_by_user ON checks (user_id, started_at);

-- Rounds that changed something or failed.
CREATE TABLE rounds (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  started_at BIGINT NOT NULL,
  millis BIGINT NOT NULL,
  inserted BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  deleted BIGINT NOT NULL,
  problem TEXT
);
CREATE INDEX rounds_by_connection ON rounds (connection_id, started_at);

-- Failed calls to Exchange, under the ids by which its own logs know them.
CREATE TABLE calls (
  id TEXT PRIMARY KEY,
  connection_id TEXT,
  mailbox TEXT NOT NULL,
  problem TEXT NOT NULL,
  request_id TEXT,
  at BIGINT NOT NULL
);
CREATE INDEX calls_by_time ON calls (at);

CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT,
  action TEXT NOT NULL,
  subject TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
