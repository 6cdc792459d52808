-- Two people and one mailbox: who claimed it as their own, who held it before, and whether that connection was ended.
CREATE TABLE claims (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  holder_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mailbox TEXT NOT NULL,
  ended SMALLINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX claims_by_owner ON claims (owner_id, at);
CREATE INDEX claims_by_holder ON claims (holder_id, at);
CREATE INDEX calendars_by_folder ON calendars (folder_id);
