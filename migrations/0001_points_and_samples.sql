-- Where points come from, the points themselves, and their samples.

create table data_sources (
    id          uuid primary key,
    name        text not null unique,
    version     bigint not null default 1,
    -- the pending count that the last PendingCountChanged told
    announced_pending bigint not null default 0,
    created_at  timestamptz not null default now()
);

-- `key` is the short number that sample rows carry instead of the uuid.
create table points (
    id              uuid primary key,
    key             integer generated always as identity unique,
    data_source_id  uuid not null references data_sources,
    name            text not null,
    unit            text not null default '',
    description     text not null default '',
    -- Other people's words for what the point is; for evaluation only, never read by a job.
    label_equipment      text,
    label_equipment_type text,
    label_role           text,
    version         bigint not null default 1,
    created_at      timestamptz not null default now(),
    unique (data_source_id, name)
);

-- Hot samples: append-only, one table a UTC day, no unique index (it would cost the whole ingest budget).
-- Of several samples with the same point and time the one with the highest batch wins; a batch never
-- holds two. The writer makes the tables (samples_YYYYMMDD) as children of this one, which stays empty:
-- selecting from it shows every hot sample. Inheritance, not declarative partitions, because dropping a
-- partition locks out everybody who reads or writes any other day; dropping a child does not.
create table samples (
    at       timestamptz not null,
    value    double precision not null,
    batch    bigint not null,
    point    integer not null,
    quality  smallint not null
);

create sequence sample_batches as bigint;

-- A day is hot (rows in its table) or sealed (rows in sample_blocks).
create table sample_days (
    day         date primary key,
    state       text not null check (state in ('hot', 'sealed')),
    created_at  timestamptz not null default now(),
    sealed_at   timestamptz
);

-- Samples that arrived for a day while or after it was sealed; the sealing job merges them.
create table late_samples (
    at       timestamptz not null,
    value    double precision not null,
    batch    bigint not null,
    point    integer not null,
    quality  smallint not null
);
create index late_samples_at on late_samples (at);

-- One point's sealed day: delta-encoded timestamps, byte-shuffled values and qualities, Snappy.
create table sample_blocks (
    point   integer not null,
    day     date not null,
    count   integer not null,
    data    bytea not null,
    primary key (point, day)
);
create index sample_blocks_day on sample_blocks (day);

-- One point's sealed day as 96 time-weighted means of 15 minutes (f32, NaN where there is a gap), Snappy.
create table rollup_blocks (
    point   integer not null,
    day     date not null,
    data    bytea not null,
    primary key (point, day)
);
create index rollup_blocks_day on rollup_blocks (day);

-- The offset to read next, per partition, written in the transaction that stores the samples, so a
-- replay is exact. `topic_id` is the topic's identity: a topic that was dropped and made again starts over.
create table consumed_offsets (
    topic       text not null,
    topic_id    text not null,
    partition   integer not null,
    next_offset bigint not null,
    updated_at  timestamptz not null default now(),
    primary key (topic, topic_id, partition)
);

-- Records that could not be understood, as they came, with the reason. The id is made from where the
-- record was, so a replay writes no second row.
create table dead_letters (
    id           uuid primary key,
    topic        text not null,
    partition    integer not null,
    record_offset bigint not null,
    record_key   bytea,
    payload      bytea,
    reason       text not null,
    created_at   timestamptz not null default now(),
    redriven_at  timestamptz
);
create index dead_letters_created_at on dead_letters (created_at, id);
