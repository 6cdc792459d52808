-- Refused sign-ins of strangers beyond those that have a line of their own, until one line counts them.
CREATE TABLE uncounted_refusals (
  id SMALLINT PRIMARY KEY,
  since BIGINT NOT NULL,
  count BIGINT NOT NULL
);
