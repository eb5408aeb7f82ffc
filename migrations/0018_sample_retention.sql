-- When a sealed day's samples were let go of. Its means may be kept longer; what comes late for it is dropped, or
-- the means would be made again from the late samples alone.
alter table sample_days add column samples_pruned_at timestamptz;
