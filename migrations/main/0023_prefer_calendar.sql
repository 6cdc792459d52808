-- How a person reads calendars.
ALTER TABLE users ADD COLUMN first_day TEXT NOT NULL DEFAULT 'monday';
ALTER TABLE users ADD COLUMN clock TEXT NOT NULL DEFAULT 'twenty_four';
