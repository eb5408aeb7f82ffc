-- What the engine thinks likeliest of each point, kept once: served, shown, and what the evaluation scores.
create table opinions (
    point_id       uuid primary key references points on delete cascade,
    data_source_id uuid not null references data_sources on delete cascade,
    role           text not null,
    -- for people; null where no machine is known
    equipment      text,
    pattern        text,
    confidence     double precision not null,
    source         text not null,
    changed_at     timestamptz not null default now()
);
create index opinions_data_source on opinions (data_source_id);
