-- The main database. It holds no secret, only ids of rows in the vault (columns named *secret_id).
--
-- One text for SQLite and Postgres: TEXT, BIGINT, SMALLINT. Instants are unix milliseconds in UTC; flags are 0 or 1. Ids
-- are UUIDv7 and so carry the time at which a row was made. Columns named *_key are lower-cased for comparing and sorting;
-- columns named *_hash hold SHA-256. JSON stands in TEXT columns. `instance_id` names the running process that holds a row.

-- People who sign in. An empty password hash: invited, and not come yet. `privacy` NULL: as the organisation says.
-- `disconnected_at` is when somebody else ended their last connection; it means nothing while they have one.
CREATE TABLE users (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, name_key TEXT NOT NULL,
  role TEXT NOT NULL, password_hash TEXT NOT NULL, time_zone TEXT NOT NULL,
  first_day TEXT NOT NULL DEFAULT 'monday', clock TEXT NOT NULL DEFAULT 'twenty_four',
  privacy TEXT, disabled_at BIGINT, disconnected_at BIGINT
);
CREATE INDEX users_by_name ON users (name_key, id);

-- Addresses that are known to be a person's own, beside the one they sign in with.
CREATE TABLE user_addresses (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, address TEXT NOT NULL,
  PRIMARY KEY (user_id, address)
);
CREATE INDEX user_addresses_by_address ON user_addresses (address);

-- One link to each person, to set a password with; used once.
CREATE TABLE invitations (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE, token_hash TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL
);

-- Links that were just made: the vault row that holds each, which whoever made it may read until then. Nothing takes the
-- row of a person away without listing the secret.
CREATE TABLE one_time_links (
  user_id TEXT PRIMARY KEY REFERENCES users (id), created_by TEXT NOT NULL,
  secret_id TEXT NOT NULL, shown_until BIGINT NOT NULL
);
CREATE INDEX one_time_links_by_maker ON one_time_links (created_by, user_id);
CREATE INDEX one_time_links_by_end ON one_time_links (shown_until);

-- One-time codes for the first administrator: each instance prints its own, and any of them is good.
CREATE TABLE setup_codes (code_hash TEXT PRIMARY KEY, created_at BIGINT NOT NULL);

-- Sessions of people and, without a user, of visitors. `network_hash` is where a visitor's session was begun from.
CREATE TABLE sessions (
  id_hash TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id) ON DELETE CASCADE, data TEXT NOT NULL,
  device TEXT, network_hash TEXT, started_at BIGINT NOT NULL, touched_at BIGINT NOT NULL,
  idle_expires_at BIGINT NOT NULL, absolute_expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, touched_at);
CREATE INDEX sessions_by_network ON sessions (network_hash, touched_at);
CREATE INDEX sessions_by_idle_end ON sessions (idle_expires_at);
CREATE INDEX sessions_by_absolute_end ON sessions (absolute_expires_at);

-- Devices on which people have signed in: the hash of what their cookie holds.
CREATE TABLE known_devices (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, hash TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, hash)
);
CREATE INDEX known_devices_by_hash ON known_devices (hash);

-- Two-factor authentication: the vault row that makes a person's codes, and the last time step whose code was used. A
-- pending one is shown to its owner and makes no valid code yet.
CREATE TABLE two_factor (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE, secret_id TEXT, enabled_at BIGINT,
  last_step BIGINT NOT NULL DEFAULT 0, pending_secret_id TEXT, pending_since BIGINT
);

-- Codes for the day on which the phone is lost; a used one is deleted.
CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, hash TEXT NOT NULL,
  PRIMARY KEY (user_id, hash)
);

-- Slots that limits have given out. One is free again when it is given back or expires. With `member_hash`, one key counts
-- each thing once.
CREATE TABLE limit_slots (
  id TEXT PRIMARY KEY, purpose TEXT NOT NULL, key_hash TEXT NOT NULL, member_hash TEXT,
  instance_id TEXT, expires_at BIGINT NOT NULL
);
CREATE INDEX limit_slots_by_key ON limit_slots (purpose, key_hash, expires_at);
CREATE INDEX limit_slots_by_purpose ON limit_slots (purpose, expires_at);
CREATE INDEX limit_slots_by_end ON limit_slots (expires_at);

-- Refused sign-ins of people unknown to Kalends that have no audit line each: counted, until one line tells of them.
CREATE TABLE suppressed_sign_in_failures (
  id SMALLINT PRIMARY KEY, since BIGINT NOT NULL, count BIGINT NOT NULL
);

-- The organisation's rules: one row for each that an administrator has set; the others stand at their defaults.
CREATE TABLE policy (rule TEXT PRIMARY KEY, value TEXT NOT NULL);
-- The privacy level is a row from the start, so that a sync run and a change of it wait for each other.
INSERT INTO policy (rule, value) VALUES ('privacy', 'times_and_titles');

-- While its one row is there, nothing is asked of any Exchange.
CREATE TABLE global_pause (id SMALLINT PRIMARY KEY, paused_at BIGINT NOT NULL);

-- Accounts on Exchange hosts. A service account has one row per host and name, whoever typed it; a personal account has
-- `owner_key`, its user. `label`, `expires_at` and the second credential slot (next_*) are for accounts that an
-- administrator holds for everybody. One worker at a time holds an account, by its lease.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  owner_key TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  secret_id TEXT NOT NULL,
  -- Automatic, or basic on purpose, and who said so.
  sign_in_method TEXT NOT NULL DEFAULT 'automatic',
  sign_in_set_by TEXT,
  -- A mailbox that the account is known to reach: it tells a missing role from a mailbox outside the scope.
  control_mailbox TEXT,
  label TEXT NOT NULL DEFAULT '',
  expires_at BIGINT,
  next_name TEXT,
  next_secret_id TEXT,
  next_tested_at BIGINT,
  next_expires_at BIGINT,
  -- The saved password was refused so often; no work before then, and the problem.
  saved_refusals BIGINT NOT NULL DEFAULT 0,
  stopped_until BIGINT,
  stopped_for TEXT,
  -- Exchange asked to be left alone until then, so many times in a row.
  backoff_until BIGINT,
  backoff_count BIGINT NOT NULL DEFAULT 0,
  -- No sign-in before then: its password is being changed.
  held_until BIGINT,
  -- No work at all until an administrator resumes it.
  paused_at BIGINT,
  leased_until BIGINT,
  lease_token TEXT,
  instance_id TEXT,
  -- A person waits for the account: whoever holds it gives it back before then.
  wanted_until BIGINT,
  UNIQUE (kind, host, name_key, owner_key)
);
-- Where people use accounts of their own, there are as many accounts as people.
CREATE INDEX accounts_by_host ON accounts (host);

-- The mail domains that an account serves; each has one account at most.
CREATE TABLE account_domains (
  domain TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX account_domains_by_account ON account_domains (account_id);

-- Passwords that went out: a row is written before, and what is refused, or never answered, stands for an hour. At most
-- four stand for one (hashed) account name.
CREATE TABLE refusals (
  id TEXT PRIMARY KEY, counted_under TEXT NOT NULL, typed SMALLINT NOT NULL,
  -- Typed by whoever answers for the account: one of the typed places is kept for them.
  by_owner SMALLINT NOT NULL DEFAULT 0,
  -- No verdict is known yet.
  pending SMALLINT NOT NULL, instance_id TEXT, taken_at BIGINT NOT NULL, free_at BIGINT NOT NULL
);
CREATE INDEX refusals_by_key ON refusals (counted_under, free_at);
CREATE INDEX refusals_by_end ON refusals (free_at);

-- What ending an organisation's account did, and what the last probe with its password saw.
CREATE TABLE revocations (id TEXT PRIMARY KEY, at BIGINT NOT NULL, revocation TEXT NOT NULL);

-- The best kind of sign-in that a host has offered so far: basic, or windows (NTLM or Negotiate).
CREATE TABLE host_sign_in_methods (host TEXT PRIMARY KEY, best_method TEXT NOT NULL, since BIGINT NOT NULL);

-- Where Autodiscover found EWS for a mail domain: the second colleague needs no lookup.
CREATE TABLE discovered_endpoints (domain TEXT PRIMARY KEY, endpoint TEXT NOT NULL);

-- What a host showed when everything last worked: a change is told, and so is the end of its validity.
CREATE TABLE server_certificates (
  host TEXT NOT NULL, port BIGINT NOT NULL, certificate TEXT NOT NULL, fingerprint TEXT NOT NULL,
  not_after BIGINT NOT NULL, since BIGINT NOT NULL,
  PRIMARY KEY (host, port)
);

-- The build that a host said it runs.
CREATE TABLE server_builds (host TEXT PRIMARY KEY, build TEXT NOT NULL);

-- What the organisation's servers are reached at and show: a server that shares either of them is one of them.
CREATE TABLE known_servers (
  host TEXT NOT NULL, address TEXT NOT NULL, fingerprint TEXT NOT NULL, seen_at BIGINT NOT NULL,
  PRIMARY KEY (host, address, fingerprint)
);

-- A person's connections, one per mailbox. `user_name_key` and `domain` (of the mailbox) are copies for the list.
CREATE TABLE connections (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  mode TEXT NOT NULL,
  mailbox TEXT NOT NULL,
  domain TEXT NOT NULL DEFAULT '',
  user_name_key TEXT NOT NULL DEFAULT '',
  -- The problem and its code stand beside each other: lists are filtered by the code.
  state TEXT NOT NULL,
  problem TEXT,
  problem_code TEXT,
  since BIGINT NOT NULL,
  connected_at BIGINT NOT NULL,
  -- The administrator who connected it in the organisation's name.
  created_by TEXT,
  -- An administrator has paused this one alone.
  paused_at BIGINT,
  due_at BIGINT,
  -- Somebody asked for the next run: its end is told also where nothing changed.
  run_requested BIGINT NOT NULL DEFAULT 0,
  last_run_at BIGINT,
  last_synced_at BIGINT,
  run_count BIGINT NOT NULL DEFAULT 0,
  entries BIGINT NOT NULL DEFAULT 0,
  backoff_count BIGINT NOT NULL DEFAULT 0,
  -- How the mailbox's server is asked where it does not take the usual schema, and since when that is known.
  request_schema TEXT,
  request_schema_at BIGINT,
  UNIQUE (user_id, mailbox)
);
CREATE INDEX connections_by_account ON connections (account_id, due_at);
CREATE INDEX connections_by_due ON connections (due_at);
CREATE INDEX connections_by_mailbox ON connections (mailbox);
-- Broken first; the expression is the one of the queries.
CREATE INDEX connections_by_rank ON connections ((CASE WHEN paused_at IS NOT NULL THEN 2 WHEN state = 'action_needed' THEN 0 WHEN state = 'delayed' THEN 1 ELSE 3 END), user_name_key, id);
CREATE INDEX connections_by_name ON connections (user_name_key, id);
CREATE INDEX connections_by_since ON connections (since, id);
CREATE INDEX connections_by_sync ON connections ((COALESCE(last_synced_at, 0)), id);
CREATE INDEX connections_by_problem ON connections (problem_code, account_id);
CREATE INDEX connections_by_domain ON connections (domain, user_name_key, id);

-- The beginnings of words by which people are found: of names, addresses and mailboxes. Words are the hex digits of their
-- UTF-8, so that a range of them is the same in every collation.
CREATE TABLE search_words (
  word TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (word, user_id)
);
CREATE INDEX search_words_by_user ON search_words (user_id);

-- Calendar folders of a mailbox. `chosen`: its entries are read; `shown`: pages show them; `sync_state` is Exchange's, for
-- reading only what changed.
CREATE TABLE calendars (
  id TEXT PRIMARY KEY, connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  folder_id TEXT NOT NULL, name TEXT NOT NULL, colour TEXT, is_default SMALLINT NOT NULL DEFAULT 0,
  chosen SMALLINT NOT NULL DEFAULT 1, shown SMALLINT NOT NULL DEFAULT 1, sync_state TEXT,
  UNIQUE (connection_id, folder_id)
);
CREATE INDEX calendars_by_folder ON calendars (folder_id);

-- Calendar entries as they were last read. `id` follows from the calendar and Exchange's item id, so that an item is there
-- once, and its long id in no index. What is asked for, compared or erased has a column; `details` is the rest.
CREATE TABLE events (
  id TEXT PRIMARY KEY, calendar_id TEXT NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
  item_id TEXT NOT NULL, change_key TEXT NOT NULL, starts_at BIGINT NOT NULL, ends_at BIGINT NOT NULL,
  uid TEXT,
  -- Of an occurrence of a series: the series, and when it would begin if it had not been moved.
  series_uid TEXT, original_start_at BIGINT,
  subject TEXT, location TEXT, organizer TEXT, free_busy TEXT NOT NULL, sensitivity TEXT NOT NULL,
  modified_at BIGINT, details TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (calendar_id, starts_at, ends_at);

-- Connection tests: what was typed (no secret), the steps so far, what it waits for, and how it ended.
CREATE TABLE checks (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- The organisation's account that it signs in with.
  account_id TEXT, mode TEXT NOT NULL, typed TEXT NOT NULL, steps TEXT NOT NULL, waiting TEXT,
  outcome TEXT, cancelled SMALLINT NOT NULL DEFAULT 0, instance_id TEXT, alive_until BIGINT,
  started_at BIGINT NOT NULL, finished_at BIGINT
);
CREATE INDEX checks_by_user ON checks (user_id, started_at);

-- Analyses of a server: what was typed (no secret) and the steps so far, in `content`; kept for a while after the end.
CREATE TABLE analyses (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  content TEXT NOT NULL, outcome TEXT, cancelled SMALLINT NOT NULL DEFAULT 0, instance_id TEXT,
  started_at BIGINT NOT NULL, touched_at BIGINT NOT NULL, finished_at BIGINT
);
CREATE INDEX analyses_by_user ON analyses (user_id, started_at);
CREATE INDEX analyses_by_end ON analyses (finished_at);

-- States of connections as they began.
CREATE TABLE state_changes (
  connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE, at BIGINT NOT NULL,
  state TEXT NOT NULL, problem_code TEXT,
  PRIMARY KEY (connection_id, at, state)
);
CREATE INDEX state_changes_by_time ON state_changes (at);

-- Sync runs that changed something or failed.
CREATE TABLE sync_runs (
  id TEXT PRIMARY KEY, connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  started_at BIGINT NOT NULL, duration_ms BIGINT NOT NULL, inserted BIGINT NOT NULL,
  updated BIGINT NOT NULL, deleted BIGINT NOT NULL, problem TEXT
);
CREATE INDEX sync_runs_by_connection ON sync_runs (connection_id, started_at);
CREATE INDEX sync_runs_by_time ON sync_runs (started_at);

-- All sync runs, by the hour in which they ended and by their outcome.
CREATE TABLE sync_run_hours (
  hour BIGINT NOT NULL, outcome TEXT NOT NULL, run_count BIGINT NOT NULL, PRIMARY KEY (hour, outcome)
);

-- Entries by the hour in which they were stored, and by how long after their change in Exchange that was: at most so many
-- minutes, 0 for longer than all of them.
CREATE TABLE sync_delay_hours (
  hour BIGINT NOT NULL, minutes BIGINT NOT NULL, entries BIGINT NOT NULL, PRIMARY KEY (hour, minutes)
);

-- Calls to Exchange of sync runs that changed something or failed, under the ids by which its own logs know them.
CREATE TABLE calls (
  id TEXT PRIMARY KEY, connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  at BIGINT NOT NULL, operation TEXT, duration_ms BIGINT, problem_code TEXT, request_id TEXT
);
CREATE INDEX calls_by_connection ON calls (connection_id, at);
CREATE INDEX calls_by_time ON calls (at);

-- Who asked to connect a mailbox that is not their own, and what came of it.
CREATE TABLE mailbox_requests (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mailbox TEXT NOT NULL, reason TEXT NOT NULL, state TEXT NOT NULL, asked_at BIGINT NOT NULL,
  decided_at BIGINT, decided_by TEXT, answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX mailbox_requests_by_user ON mailbox_requests (user_id, mailbox);
CREATE INDEX mailbox_requests_by_state ON mailbox_requests (state, asked_at);

-- Two people and one mailbox: who claimed it as their own, who held it before, and whether that connection was ended.
CREATE TABLE mailbox_claims (
  id TEXT PRIMARY KEY, owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  holder_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, mailbox TEXT NOT NULL,
  ended SMALLINT NOT NULL, at BIGINT NOT NULL
);
CREATE INDEX mailbox_claims_by_owner ON mailbox_claims (owner_id, at);
CREATE INDEX mailbox_claims_by_holder ON mailbox_claims (holder_id, at);

-- Work that outlives a request, taken up by any instance. `serial_key`: jobs of one key are worked on one after another.
-- `fence` counts how often it was taken up: whoever holds it under an older number writes nothing any more. `done` of `total`
-- steps; `error` is why it waits or failed.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, serial_key TEXT, payload TEXT,
  created_by TEXT, created_at BIGINT NOT NULL, due_at BIGINT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, error TEXT,
  done BIGINT NOT NULL DEFAULT 0, total BIGINT NOT NULL DEFAULT 0, leased_until BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0, instance_id TEXT, ended_at BIGINT
);
CREATE INDEX jobs_by_due ON jobs (state, kind, due_at);
CREATE INDEX jobs_by_key ON jobs (serial_key, state);
CREATE INDEX jobs_by_end ON jobs (ended_at);

-- The steps of a job that has many alike, and what came of each.
CREATE TABLE job_items (
  job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, position BIGINT NOT NULL, item TEXT NOT NULL,
  result TEXT, PRIMARY KEY (job_id, position)
);

-- Which mailboxes are in the scope of an account: its addresses are asked one after another, and those that an
-- administrator chose are connected. One job, under the same id.
CREATE TABLE mailbox_scopes (
  id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, total BIGINT NOT NULL
);

CREATE TABLE mailbox_scope_rows (
  scope_id TEXT NOT NULL REFERENCES mailbox_scopes (id) ON DELETE CASCADE, position BIGINT NOT NULL,
  address TEXT NOT NULL, verdict TEXT, primary_address TEXT, problem TEXT,
  chosen SMALLINT NOT NULL DEFAULT 0, result TEXT,
  PRIMARY KEY (scope_id, position)
);
CREATE INDEX mailbox_scope_rows_by_verdict ON mailbox_scope_rows (scope_id, verdict);
CREATE INDEX mailbox_scope_rows_by_result ON mailbox_scope_rows (scope_id, chosen, result);

-- What somebody must act on: one row from when it is told until it is over. `dedup_key` names the cause and whose it is;
-- `problem` is what was told, so that it is over only when that was seen to be gone.
CREATE TABLE incidents (
  id TEXT PRIMARY KEY, dedup_key TEXT NOT NULL, title TEXT NOT NULL, problem TEXT,
  people BIGINT NOT NULL, opened_at BIGINT NOT NULL, reminders BIGINT NOT NULL DEFAULT 0,
  next_reminder_at BIGINT, closed_at BIGINT
);
-- Two instances cannot both open one.
CREATE UNIQUE INDEX incidents_open ON incidents (dedup_key) WHERE closed_at IS NULL;
CREATE INDEX incidents_by_end ON incidents (closed_at);

-- What is to be sent and what was: a notice stands here before anything leaves. `recipient` is a mail address, or the id of
-- a webhook; `user_id` whose link it carries. One job, under the same id.
CREATE TABLE notices (
  id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  incident_id TEXT REFERENCES incidents (id) ON DELETE CASCADE,
  kind TEXT NOT NULL, channel TEXT NOT NULL, recipient TEXT NOT NULL, recipient_label TEXT NOT NULL,
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE, subject TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX notices_by_incident ON notices (incident_id);
CREATE INDEX notices_by_recipient ON notices (recipient, channel);
CREATE INDEX notices_by_user ON notices (user_id);

-- Each attempt to hand a notice over, and what came of it.
CREATE TABLE notice_attempts (
  notice_id TEXT NOT NULL REFERENCES notices (id) ON DELETE CASCADE, number BIGINT NOT NULL, at BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (notice_id, number)
);

-- Where notices are posted beside mail. The whole address and the signing key are sealed in the vault, because an address
-- may hold a token.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, host TEXT NOT NULL, secret_id TEXT NOT NULL,
  created_by TEXT NOT NULL, created_at BIGINT NOT NULL
);

-- The audit trail. Lines are added and never changed; each carries a hash over the one before it. `actor_email` is as it was.
CREATE TABLE audit (
  seq BIGINT NOT NULL PRIMARY KEY, id TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT, actor_email TEXT,
  action TEXT NOT NULL, subject TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_subject ON audit (subject, seq);

-- The last line of the trail. Whoever writes one takes this row first.
CREATE TABLE audit_head (id SMALLINT PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

-- Which installation this database belongs to; the vault carries the same id. `adopted_at` is when somebody last said that
-- this pair belongs together.
CREATE TABLE installation (id SMALLINT PRIMARY KEY, installation_id TEXT NOT NULL, adopted_at BIGINT);

-- Vault rows that are about to be sealed, or are sealed and not pointed to yet.
CREATE TABLE announced_secrets (id TEXT PRIMARY KEY, announced_at BIGINT NOT NULL, instance_id TEXT);
CREATE INDEX announced_secrets_by_time ON announced_secrets (announced_at);

-- Vault rows that nothing points to any more. The vault's row goes first, then this one.
CREATE TABLE secrets_to_delete (id TEXT PRIMARY KEY, listed_at BIGINT NOT NULL);

-- What the vault remembers as ended after the state that this database was set back to: it may be back.
CREATE TABLE tombstones_to_review (
  seq BIGINT NOT NULL, hash TEXT NOT NULL, at BIGINT NOT NULL, adopted_at BIGINT NOT NULL,
  actor_email TEXT, action TEXT NOT NULL, subject TEXT NOT NULL,
  PRIMARY KEY (adopted_at, seq)
);

-- Running processes, and the ids of the vault keys that each holds. `cleared_at` is when what a silent one held was freed.
CREATE TABLE instances (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, key_ids TEXT NOT NULL, seen_at BIGINT NOT NULL,
  cleared_at BIGINT
);

-- When each loop of each running process was last heard of; the loop without a name is the process itself.
CREATE TABLE heartbeats (
  instance TEXT NOT NULL, loop TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (instance, loop)
);

-- Times at which the clock of a process was found set, so that administrators are told.
CREATE TABLE clock_jumps (id TEXT PRIMARY KEY, instance TEXT NOT NULL, seconds BIGINT NOT NULL, at BIGINT NOT NULL);

-- What changed a moment ago, for other instances: topics, never data. Postgres alone has rows here; `at` is its own clock.
CREATE TABLE changes (id BIGINT NOT NULL, topic TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (at, id));
