-- What somebody must act on: one row for each cause, from when it is told until it is over.
CREATE TABLE occasions (
  id TEXT PRIMARY KEY,
  -- The cause and what it is the cause of.
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  people BIGINT NOT NULL,
  opened_at BIGINT NOT NULL,
  -- How often it was told again, and when it is told next.
  reminders BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT,
  closed_at BIGINT
);
-- Two instances cannot both open one.
CREATE UNIQUE INDEX occasions_open ON occasions (name) WHERE closed_at IS NULL;
CREATE INDEX occasions_by_end ON occasions (closed_at);

-- What is to be sent and what was: a notice stands here before anything leaves.
CREATE TABLE notices (
  id TEXT PRIMARY KEY,
  occasion_id TEXT REFERENCES occasions (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  channel TEXT NOT NULL,
  -- A mail address, or the id of a webhook; and how it is shown.
  recipient TEXT NOT NULL,
  shown TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  leased_until BIGINT NOT NULL DEFAULT 0,
  tries BIGINT NOT NULL DEFAULT 0,
  ended_at BIGINT
);
CREATE INDEX notices_by_due ON notices (state, due_at);
CREATE INDEX notices_by_time ON notices (made_at);
CREATE INDEX notices_by_occasion ON notices (occasion_id);

-- Each try to hand one over, and what came of it.
CREATE TABLE notice_tries (
  notice_id TEXT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
  place BIGINT NOT NULL,
  at BIGINT NOT NULL,
  millis BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (notice_id, place)
);

-- Where notices are posted beside mail. The whole address and the signing key are sealed in the vault, because an
-- address may hold a token.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  host TEXT NOT NULL,
  secret_id TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
