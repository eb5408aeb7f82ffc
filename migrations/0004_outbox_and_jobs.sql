-- The one stream of events, and the history of jobs.

create table outbox (
    -- uuid v5 of (entity, version, type): a rerun can not publish twice
    id            uuid primary key,
    aggregatetype text not null,
    aggregateid   uuid not null,
    type          text not null,
    topic         text not null,
    data_source   text,
    -- the whole CloudEvent as text, without `sequence`, which the relay adds
    event         text not null,
    traceparent   text,
    ordinal       bigint generated always as identity unique,
    -- dense place in the stream; given by the relay after commit
    position      bigint unique,
    published_at  timestamptz,
    created_at    timestamptz not null default now()
);
create index outbox_unnumbered on outbox (ordinal) where position is null;
create index outbox_unpublished on outbox (position) where published_at is null and position is not null;
create index outbox_published_at on outbox (published_at) where published_at is not null;

-- One row: the stream's identity, its next position, and the lease of the relay that is active.
create table stream (
    only_row       boolean primary key default true check (only_row),
    epoch          text not null,
    next_position  bigint not null default 1,
    -- positions up to this one are no longer in the outbox
    pruned_through bigint not null default 0,
    lease_holder   text,
    lease_term     bigint not null default 0,
    lease_until    timestamptz not null default '-infinity'
);
insert into stream (epoch) values (substr(md5(gen_random_uuid()::text), 1, 8));

create table workers (
    id            text primary key,
    hostname      text not null,
    pid           integer not null,
    version       text not null,
    capabilities  text[] not null,
    started_at    timestamptz not null default now(),
    last_seen     timestamptz not null default now(),
    stopped_at    timestamptz
);

-- One row per run of a job. A chain (flywheel) is a row too; its stages carry its id in chain_id.
create table job_runs (
    id             uuid primary key,
    job            text not null,
    chain_id       uuid references job_runs on delete cascade,
    data_source_id uuid references data_sources on delete cascade,
    -- one run per key: (job, scheduled time) for cron, (chain, stage) inside a chain
    key            text unique,
    status         text not null default 'queued'
                   check (status in ('queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')),
    triggered_by   text not null,
    -- what the chain runs after this stage
    next_jobs      text[] not null default '{}',
    -- the queue's row that brings this run to a worker
    delivery       text,
    -- only ever rises: an attempt is known by its number, so a late one can be told from the current one
    attempts       integer not null default 0,
    -- attempts that do not count: interrupted by a shutdown, or made before a redrive
    forgiven       integer not null default 0,
    cancel_requested boolean not null default false,
    max_attempts   integer not null default 5,
    worker_id      text,
    run_at         timestamptz not null default now(),
    started_at     timestamptz,
    heartbeat_at   timestamptz,
    finished_at    timestamptz,
    error          text,
    result         jsonb,
    created_at     timestamptz not null default now()
);
create index job_runs_recent on job_runs (created_at desc);
create index job_runs_job on job_runs (job, created_at desc);
create index job_runs_chain on job_runs (chain_id);
create index job_runs_open on job_runs (job, run_at) where status in ('queued', 'running', 'failed');

-- The last tick of each schedule that somebody acted on.
create table schedules (
    name      text primary key,
    last_tick timestamptz not null
);
