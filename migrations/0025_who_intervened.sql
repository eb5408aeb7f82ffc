-- Who stopped a run, and who ran a dead one again.
alter table job_runs
    add column cancelled_by text,
    add column redriven_by text;
