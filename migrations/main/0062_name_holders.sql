-- Whoever holds something names its process (instances.id), so that it is free again once that process is not heard of
-- any more; `cleared_at` is when that was done.
ALTER TABLE accounts ADD COLUMN held_by TEXT;
ALTER TABLE notices ADD COLUMN held_by TEXT;
ALTER TABLE checks ADD COLUMN held_by TEXT;
ALTER TABLE bulks ADD COLUMN held_by TEXT;
ALTER TABLE places ADD COLUMN held_by TEXT;
ALTER TABLE refusals ADD COLUMN held_by TEXT;
ALTER TABLE announced_secrets ADD COLUMN held_by TEXT;
ALTER TABLE instances ADD COLUMN cleared_at BIGINT;
