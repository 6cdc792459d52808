-- Where Autodiscover found EWS for a mail domain: the second colleague needs no lookup.
CREATE TABLE endpoints (
  domain TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  found_at BIGINT NOT NULL
);
