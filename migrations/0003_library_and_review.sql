-- The library, the review queue, and what an answer leaves behind.

create table patterns (
    id            uuid primary key,
    kind          text not null default 'equipment',
    name          text not null,
    category      text not null,
    description   text not null default '',
    source        text not null check (source in ('library', 'learned', 'imported')),
    status        text not null default 'active' check (status in ('active', 'retired')),
    -- the serde form of pattern_core::library::PatternSpec (roles included); pattern_roles is its index
    body          jsonb not null,
    confidence    double precision not null,
    support       double precision not null default 0,
    version       bigint not null default 1,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    unique (kind, name)
);

create table pattern_roles (
    pattern_id uuid not null references patterns on delete cascade,
    name       text not null,
    required   boolean not null,
    weight     double precision not null,
    -- null: a role of the library; else the site that added it
    data_source_id uuid references data_sources on delete cascade,
    position   integer not null
);
create unique index pattern_roles_name
    on pattern_roles (pattern_id, name, coalesce(data_source_id, '00000000-0000-0000-0000-000000000000'));

create table pattern_versions (
    pattern_id uuid not null references patterns on delete cascade,
    version    bigint not null,
    body       jsonb not null,
    confidence double precision not null,
    reason     text not null,
    created_at timestamptz not null default now(),
    primary key (pattern_id, version)
);

create table suggestions (
    id              uuid primary key,
    data_source_id  uuid not null references data_sources on delete cascade,
    cluster_id      uuid not null references clusters on delete cascade,
    -- null only for purpose new_pattern
    pattern_id      uuid references patterns,
    pattern_version bigint,
    purpose         text not null check (purpose in ('match', 'learning', 'new_pattern')),
    status          text not null default 'pending'
                    check (status in ('pending', 'approved', 'rejected', 'deferred', 'expired')),
    confidence      double precision not null,
    -- the serde form of pattern_core::domain::Scores
    scores          jsonb not null,
    reason          text not null,
    -- the members when it was proposed, sorted
    point_ids       uuid[] not null,
    version         bigint not null default 1,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    expires_at      timestamptz not null,
    deferred_until  timestamptz,
    equipment_id    uuid,
    -- purpose new_pattern only: the pattern (serde form of PatternSpec) that an approval would create
    draft           jsonb
);
-- A rerun can not propose the same thing twice while it is open.
create unique index suggestions_open on suggestions (cluster_id, coalesce(pattern_id, '00000000-0000-0000-0000-000000000000'))
    where status in ('pending', 'deferred');
create index suggestions_list on suggestions (status, confidence desc, id);
create index suggestions_data_source on suggestions (data_source_id, status);
create index suggestions_expiry on suggestions (expires_at) where status in ('pending', 'deferred');

create table suggestion_roles (
    suggestion_id uuid not null references suggestions on delete cascade,
    point_id      uuid not null references points on delete cascade,
    role          text not null,
    score         double precision not null,
    primary key (suggestion_id, point_id),
    unique (suggestion_id, role)
);

create table decisions (
    id             uuid primary key,
    suggestion_id  uuid not null references suggestions on delete cascade,
    action         text not null check (action in ('approve', 'reject', 'defer', 'undo')),
    reviewer       text not null,
    reason         text not null default '',
    -- the pattern that was confirmed, where it differs from the proposed one
    pattern_id     uuid references patterns,
    role_assignments jsonb,
    suggestion_version bigint not null,
    created_at     timestamptz not null default now()
);
create index decisions_suggestion on decisions (suggestion_id, created_at desc);
create index decisions_recent on decisions (created_at desc, id desc);

-- What was rejected, whatever id the cluster gets later.
create table rejections (
    id             uuid primary key,
    data_source_id uuid not null references data_sources on delete cascade,
    pattern_id     uuid references patterns,
    suggestion_id  uuid not null references suggestions on delete cascade,
    point_ids      uuid[] not null,
    created_at     timestamptz not null default now(),
    retracted_at   timestamptz
);
create index rejections_active on rejections (data_source_id) where retracted_at is null;

-- Facts. A fact is never changed, only retracted (by an undo).
create table evidence (
    id             uuid primary key,
    pattern_id     uuid not null references patterns,
    data_source_id uuid references data_sources,
    origin         text not null,
    kind           text not null,
    favourable     boolean not null,
    -- what the fact is about: a suggestion, a piece of equipment, a session
    subject        text not null,
    weight         double precision not null default 1,
    observed_at    timestamptz not null default now(),
    folded_at      timestamptz,
    retracted_at   timestamptz
);
create index evidence_pattern on evidence (pattern_id) where retracted_at is null;
create index evidence_unfolded on evidence (observed_at) where folded_at is null;

create table equipment (
    id             uuid primary key,
    data_source_id uuid not null references data_sources on delete cascade,
    name           text not null,
    pattern_id     uuid not null references patterns,
    pattern_version bigint not null,
    status         text not null default 'active' check (status in ('active', 'retired')),
    version        bigint not null default 1,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    unique (data_source_id, name)
);

create table bindings (
    id            uuid primary key,
    point_id      uuid not null references points on delete cascade,
    equipment_id  uuid not null references equipment on delete cascade,
    pattern_id    uuid not null references patterns,
    category      text not null,
    role          text not null,
    suggestion_id uuid not null references suggestions on delete cascade,
    bound_by      text not null,
    bound_at      timestamptz not null default now(),
    retracted_at  timestamptz
);
-- A point has one active binding per category of pattern.
create unique index bindings_active on bindings (point_id, category) where retracted_at is null;
create index bindings_equipment on bindings (equipment_id) where retracted_at is null;
create index bindings_suggestion on bindings (suggestion_id);

-- An answer is kept with its key, so that a client may ask again without acting twice.
create table idempotency_keys (
    key        text not null,
    reviewer   text not null,
    route      text not null,
    body_hash  text not null,
    status     smallint not null,
    response   jsonb not null,
    created_at timestamptz not null default now(),
    primary key (key, reviewer)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
