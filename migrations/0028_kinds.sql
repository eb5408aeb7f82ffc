-- Patterns of category Anomaly were conditions that nothing could match: a category is never a kind in disguise.
update patterns set status = 'retired', version = version + 1, updated_at = now()
where source = 'library' and kind = 'equipment' and category = 'Anomaly' and status = 'active';

-- A draft says of which kind its pattern is.
update suggestions set draft = draft || '{"kind": "equipment"}' where draft is not null and not draft ? 'kind';

-- The review queue knows no points, clusters and equipment: what a suggestion is about, what is asked of its members, and
-- what an approval made are the same for every kind.
drop view listed_suggestions;
drop trigger suggestion_tags on suggestions;

alter table suggestions
    add column kind text not null default 'equipment' check (kind in ('equipment', 'episode')),
    add column subject_kind text not null default 'cluster',
    add column subject_label text not null default '',
    -- the serde form of pattern_core::domain::Content
    add column content jsonb not null default '{}',
    -- how well each member fits, by its id
    add column fits jsonb not null default '{}',
    -- set while it is approved: what that made, its name for people, and the pattern that was confirmed
    add column outcome_label text,
    add column confirmed_pattern_id uuid references patterns;
alter table suggestions rename column cluster_id to subject_id;
alter table suggestions rename column point_ids to members;
alter table suggestions rename column equipment_id to outcome_id;
alter table suggestions drop constraint suggestions_cluster_id_fkey;

update suggestions s set
    subject_label = coalesce((select label from clusters where id = s.subject_id), ''),
    content = jsonb_build_object('kind', 'equipment', 'roles', coalesce(
        (select jsonb_object_agg(point_id, role) from suggestion_roles where suggestion_id = s.id), '{}')),
    fits = coalesce((select jsonb_object_agg(point_id, score) from suggestion_roles where suggestion_id = s.id), '{}'),
    outcome_label = (select name from equipment where id = s.outcome_id),
    confirmed_pattern_id = (select pattern_id from equipment where id = s.outcome_id);
drop table suggestion_roles;
-- That a question was rejected, and its members, is what the suggestion says.
drop table rejections;
-- An answer as it was given, whatever its kind asks for.
alter table decisions rename column role_assignments to answer;
-- what an approval made, for people: a later decision about the same suggestion may make something else
alter table decisions add column outcome_label text, add column outcome_pattern text;
update decisions d set outcome_label = s.outcome_label, outcome_pattern = (select name from patterns where id = s.confirmed_pattern_id)
from suggestions s where s.id = d.suggestion_id and d.action = 'approve' and s.status = 'approved'
    and not exists (select from decisions later where later.suggestion_id = d.suggestion_id
                    and later.suggestion_version > d.suggestion_version);

alter table suggestions alter column kind drop default;
alter table suggestions alter column subject_kind drop default;
alter table suggestions alter column subject_label drop default;
alter table suggestions alter column content drop default;
create index suggestions_outcome on suggestions (outcome_id) where outcome_id is not null;

-- What its members are called, in small letters, to be searched. Members are points so far.
create or replace function suggestion_tags() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.tags = '' or new.members <> old.members then
        new.tags := coalesce(
            (select lower(string_agg(name, ' ' order by name)) from points where id = any(new.members)), '');
    end if;
    return new;
end $$;
create trigger suggestion_tags before insert or update of members on suggestions
    for each row execute function suggestion_tags();

create view listed_suggestions as
select s.id, s.kind, s.status, s.purpose, s.pattern_id, s.confidence, s.priority,
       (extract(epoch from s.created_at) * 1000000)::double precision as created_micros,
       d.name as data_source, s.subject_label as label,
       lower(concat_ws(' ', s.subject_label, coalesce(p.name, s.draft->>'name'),
                       coalesce(p.category, s.draft->>'category'), d.name, s.outcome_label)) || ' ' || s.tags as words
from suggestions s
join data_sources d on d.id = s.data_source_id
left join patterns p on p.id = s.pattern_id;

-- Which way a point of an episode changed, and when.
alter table cluster_points
    add column direction text check (direction in ('up', 'down')),
    add column changed_at timestamptz;

-- Episodes that people gave a name: what the next one like it is recognised by.
create table episodes (
    id             uuid primary key,
    data_source_id uuid not null references data_sources on delete cascade,
    pattern_id     uuid not null references patterns,
    suggestion_id  uuid not null references suggestions on delete cascade,
    starts_at      timestamptz not null,
    ends_at        timestamptz not null,
    -- the serde form of a list of pattern_core::domain::PointChange
    changes        jsonb not null,
    named_by       text not null,
    named_at       timestamptz not null,
    retracted_at   timestamptz
);
create index episodes_known on episodes (data_source_id, pattern_id) where retracted_at is null;
create index episodes_suggestion on episodes (suggestion_id);
