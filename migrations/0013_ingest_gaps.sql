-- Records that were deleted from their topic before anybody read them: those from `from_offset` up to, and without,
-- `to_offset`.
create table ingest_gaps (
    topic       text not null,
    topic_id    text not null,
    partition   integer not null,
    from_offset bigint not null,
    to_offset   bigint not null,
    found_at    timestamptz not null default now(),
    primary key (topic, topic_id, partition, from_offset),
    check (to_offset > from_offset)
);
create index ingest_gaps_found_at on ingest_gaps (found_at);
