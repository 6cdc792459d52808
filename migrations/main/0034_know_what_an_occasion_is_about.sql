-- The problem that was told, and whose it is, so that it is over only when that was seen.
ALTER TABLE occasions ADD COLUMN about TEXT;
