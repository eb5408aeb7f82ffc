-- How a point moved over the window of its fingerprint, for a chart: equal parts between 0 and 1, NaN is a
-- gap. Null until the point is analysed again.
alter table fingerprints add column sparkline real[];

-- What nothing reads. No version that wrote it was released.
drop index outbox_published_at;
alter table job_runs drop column heartbeat_at;
alter table stage_inputs drop column generation;
alter table evidence drop column weight;
