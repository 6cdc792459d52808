-- How an account signs in: automatic, or basic on purpose, and whose word that was.
ALTER TABLE accounts ADD COLUMN sign_in TEXT NOT NULL DEFAULT 'automatic';
ALTER TABLE accounts ADD COLUMN sign_in_by TEXT;
