-- What a host showed when everything last worked: a change is told, and so is the end of its validity.
CREATE TABLE certificates (
  host TEXT NOT NULL,
  port BIGINT NOT NULL,
  certificate TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (host, port)
);
