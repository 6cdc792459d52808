-- When each loop of each running instance was last heard of; the loop without a name is the instance itself.
CREATE TABLE heartbeats (
  instance TEXT NOT NULL,
  loop TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (instance, loop)
);
