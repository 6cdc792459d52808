-- Why the work of an account was stopped: its password was refused, or never answered.
ALTER TABLE accounts ADD COLUMN stopped_for TEXT;
