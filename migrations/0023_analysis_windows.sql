-- What stretch of time the newest analysis of a data source looked at, and how finely.
create table analysis_windows (
    data_source_id uuid primary key references data_sources on delete cascade,
    starts_at      timestamptz not null,
    bucket_seconds integer not null,
    buckets        integer not null,
    changed_at     timestamptz not null default now()
);

-- Why a stage of the analysis found nothing, where it did not.
create table nothing_found (
    data_source_id uuid not null references data_sources on delete cascade,
    stage          text not null,
    reason         text not null,
    primary key (data_source_id, stage)
);

-- Buckets are no longer of 15 minutes everywhere.
alter table correlation_plans add column bucket_seconds integer not null default 900;
