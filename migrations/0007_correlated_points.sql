-- What the pairs of each point were computed from: only those of points that changed are computed again.
create table correlated_points (
    point_id       uuid primary key references points on delete cascade,
    data_source_id uuid not null references data_sources on delete cascade,
    -- hash of the point's grid row and of the settings
    row_version    text not null,
    -- pairs that reach the threshold on the variants level, high_pass and rank: those in `correlations`, and
    -- at most so many others
    kept           integer[] not null,
    not_kept       integer[] not null
);
create index correlated_points_data_source on correlated_points (data_source_id);
