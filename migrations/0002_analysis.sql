-- What the jobs find out about points: behaviour, association, belonging together.

create table fingerprints (
    point_id      uuid primary key references points on delete cascade,
    -- hash of the grid buckets and of the class-relevant raw statistics the fingerprint was made from
    input_version text not null,
    window_start  timestamptz not null,
    window_end    timestamptz not null,
    sample_count  bigint not null,
    -- the serde form of pattern_core::analytics::Fingerprint
    body          jsonb not null,
    calculated_at timestamptz not null default now()
);

-- Only pairs of one data source, low id first; the strongest per point and variant.
create table correlations (
    data_source_id uuid not null references data_sources on delete cascade,
    point_a        uuid not null references points on delete cascade,
    point_b        uuid not null references points on delete cascade,
    variant        text not null check (variant in ('level', 'high_pass', 'rank')),
    r              real not null,
    lag_buckets    integer not null default 0,
    sample_count   integer not null,
    window_end     timestamptz not null,
    primary key (point_a, point_b, variant),
    check (point_a < point_b)
);
create index correlations_data_source on correlations (data_source_id, variant);
create index correlations_point_b on correlations (point_b);

-- What each stage last worked on, per data source: an unchanged input is skipped.
create table stage_inputs (
    stage          text not null,
    data_source_id uuid not null references data_sources on delete cascade,
    input_version  text not null,
    generation     bigint not null default 1,
    updated_at     timestamptz not null default now(),
    primary key (stage, data_source_id)
);

create table clusters (
    id             uuid primary key,
    data_source_id uuid not null references data_sources on delete cascade,
    kind           text not null check (kind in ('equipment', 'episode')),
    -- what people would call it: the shared part of its points' names
    label          text not null,
    cohesion       real not null,
    generation     bigint not null,
    status         text not null default 'active' check (status in ('active', 'dissolved')),
    -- episodes only
    starts_at      timestamptz,
    ends_at        timestamptz,
    version        bigint not null default 1,
    detected_at    timestamptz not null default now(),
    changed_at     timestamptz not null default now()
);
create index clusters_active on clusters (data_source_id, kind) where status = 'active';

create table cluster_points (
    cluster_id uuid not null references clusters on delete cascade,
    point_id   uuid not null references points on delete cascade,
    primary key (cluster_id, point_id)
);
create index cluster_points_point on cluster_points (point_id);
