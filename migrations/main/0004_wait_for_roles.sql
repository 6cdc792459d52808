-- A check that keeps trying until a role takes effect: what it waits for, and until when its process is heard of.
ALTER TABLE checks ADD COLUMN waiting TEXT;
ALTER TABLE checks ADD COLUMN alive_until BIGINT;
