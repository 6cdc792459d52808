-- The best kind of sign-in that a host has offered so far: basic, or windows (NTLM or Negotiate).
CREATE TABLE offers (
  host TEXT PRIMARY KEY,
  best TEXT NOT NULL,
  since BIGINT NOT NULL
);
