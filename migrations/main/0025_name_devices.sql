-- On what a person signed in, in few words such as "Firefox on Linux", and when. Sessions from before know neither.
ALTER TABLE sessions ADD COLUMN device TEXT;
ALTER TABLE sessions ADD COLUMN started_at BIGINT;
