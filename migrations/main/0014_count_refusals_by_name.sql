-- One Exchange answers under several names: refusals are counted by the account alone.
DROP INDEX refusals_by_name;
CREATE INDEX refusals_by_name ON refusals (name_key, at);
