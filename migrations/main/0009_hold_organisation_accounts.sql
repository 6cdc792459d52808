-- Accounts that an admin holds for everybody: a name for people, and a second slot for the password to come.
ALTER TABLE accounts ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN expires_at BIGINT;
ALTER TABLE accounts ADD COLUMN next_name TEXT;
ALTER TABLE accounts ADD COLUMN next_secret_id TEXT;
ALTER TABLE accounts ADD COLUMN next_tested_at BIGINT;
ALTER TABLE accounts ADD COLUMN next_expires_at BIGINT;
-- No sign-in before then: its password is being changed.
ALTER TABLE accounts ADD COLUMN held_until BIGINT;
-- No work at all until an admin resumes it.
ALTER TABLE accounts ADD COLUMN paused_at BIGINT;
-- A person waits for the account: whoever works through its rounds gives it back before then.
ALTER TABLE accounts ADD COLUMN wanted_until BIGINT;

-- The mail domains that an account serves; each has one account at most.
CREATE TABLE account_domains (
  domain TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX account_domains_by_account ON account_domains (account_id);

-- While its one row is there, nothing is asked of any Exchange.
CREATE TABLE standstill (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL
);

-- Addresses that are known to be a person's own, beside the one they sign in with.
CREATE TABLE addresses (
  address TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  since BIGINT NOT NULL,
  PRIMARY KEY (user_id, address)
);

-- Who asked to connect a mailbox that is not their own, and what came of it.
CREATE TABLE requests (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mailbox TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  decided_at BIGINT,
  decided_by TEXT,
  answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX requests_by_user ON requests (user_id, mailbox);
CREATE INDEX requests_by_state ON requests (state, asked_at);

-- What ending an organisation's account did, and what the last probe with its password saw.
CREATE TABLE revocations (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  revocation TEXT NOT NULL
);

-- The organisation's account that a check signs in with.
ALTER TABLE checks ADD COLUMN account_id TEXT;

CREATE INDEX connections_by_mailbox ON connections (mailbox);
