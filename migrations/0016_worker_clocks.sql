-- How far the clock of a worker's machine is ahead of PostgreSQL's; negative where it is behind.
alter table workers add column clock_ahead_seconds double precision;
