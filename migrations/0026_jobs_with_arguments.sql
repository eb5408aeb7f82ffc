-- A run carries what it is asked to do, how urgent it is, when it is too late, and the trace that it belongs to.
alter table job_runs
    add column arguments jsonb not null default '{}',
    -- 1 to 10, 10 is the most urgent
    add column priority smallint not null default 5 check (priority between 1 and 10),
    add column deadline timestamptz,
    add column traceparent text;
create index job_runs_overdue on job_runs (deadline)
    where deadline is not null and status in ('queued', 'failed');

-- A tile is a run with arguments.
update job_runs set arguments = jsonb_build_object('tile', tile) where tile is not null;
alter table job_runs drop column tile;
