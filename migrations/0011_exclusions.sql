-- Points that a reviewer took out of a piece of equipment: they are not grouped with it again.
create table exclusions (
    point_id      uuid not null references points on delete cascade,
    equipment_id  uuid not null references equipment on delete cascade,
    suggestion_id uuid not null references suggestions on delete cascade,
    excluded_at   timestamptz not null,
    retracted_at  timestamptz,
    primary key (suggestion_id, point_id, excluded_at)
);
create index exclusions_equipment on exclusions (equipment_id, point_id) where retracted_at is null;
