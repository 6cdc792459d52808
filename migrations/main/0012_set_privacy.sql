-- The level stands as a row from the start, so that a round and a change of it wait for each other.
INSERT INTO policy (rule, value) VALUES ('privacy', 'times_and_titles') ON CONFLICT (rule) DO NOTHING;
