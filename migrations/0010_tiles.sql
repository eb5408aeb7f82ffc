-- Large runs are split into tiles: runs of their own, which any worker pulls.
alter table job_runs
    -- of a tile: the run that it is a part of
    add column parent_id uuid references job_runs on delete cascade,
    -- of a tile: its number among those of its data source
    add column tile integer,
    -- of a run that is split: the attempt that split it; of a tile: the one that it belongs to
    add column generation integer;
create index job_runs_parent on job_runs (parent_id) where parent_id is not null;

-- What the tiles of a correlation work on. They do not read the samples again: those have moved on.
create table correlation_plans (
    run_id         uuid not null references job_runs on delete cascade,
    data_source_id uuid not null references data_sources on delete cascade,
    input_version  text not null,
    window_start   timestamptz not null,
    buckets        integer not null,
    threshold      double precision not null,
    -- the rows of the grid, in order
    points         uuid[] not null,
    row_versions   text[] not null,
    primary key (run_id, data_source_id)
);

-- A part of the grid: float4, little-endian, row by row.
create table correlation_plan_rows (
    run_id         uuid not null,
    data_source_id uuid not null,
    part           integer not null,
    data           bytea not null,
    primary key (run_id, data_source_id, part),
    foreign key (run_id, data_source_id) references correlation_plans on delete cascade
);

-- Means of measurements do not compress.
alter table correlation_plan_rows alter column data set storage external;

-- By variant: the rows whose pairs are computed, and in how many tiles.
create table correlation_plan_variants (
    run_id         uuid not null,
    data_source_id uuid not null,
    variant        text not null check (variant in ('level', 'high_pass', 'rank')),
    computed       boolean[] not null,
    tiles          integer not null,
    primary key (run_id, data_source_id, variant),
    foreign key (run_id, data_source_id) references correlation_plans on delete cascade
);

-- What a tile found: the strongest pairs of each row, and how many it has.
create table correlation_tiles (
    run_id         uuid not null,
    data_source_id uuid not null,
    tile           integer not null,
    variant        text not null,
    point_a        integer[] not null,
    point_b        integer[] not null,
    r              real[] not null,
    sample_count   integer[] not null,
    lag_buckets    integer[] not null,
    per_point      integer[] not null,
    primary key (run_id, data_source_id, tile),
    foreign key (run_id, data_source_id, variant) references correlation_plan_variants on delete cascade
);
