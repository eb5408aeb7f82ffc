-- The version in which the points, the roles, the pattern or the status of a suggestion changed last. Later ones differ
-- in scores only, so that a decision about any of them is about the same question.
alter table suggestions add column content_version bigint not null default 1;
update suggestions set content_version = version;

-- What its points are called, in small letters, to be searched: a point never changes its name. A trigger, so that the
-- version before this one writes it too.
alter table suggestions add column tags text not null default '';
create function suggestion_tags() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.tags = '' or new.point_ids <> old.point_ids then
        new.tags := coalesce(
            (select lower(string_agg(name, ' ' order by name)) from points where id = any(new.point_ids)), '');
    end if;
    return new;
end $$;
create trigger suggestion_tags before insert or update of point_ids on suggestions
    for each row execute function suggestion_tags();
update suggestions set point_ids = point_ids;

-- What a list of suggestions is filtered, searched and sorted by.
create view listed_suggestions as
select s.id, s.status, s.purpose, s.pattern_id, s.confidence, s.priority,
       (extract(epoch from s.created_at) * 1000000)::double precision as created_micros,
       d.name as data_source, c.label,
       lower(concat_ws(' ', c.label, coalesce(p.name, s.draft->>'name'), coalesce(p.category, s.draft->>'category'),
                       d.name, e.name)) || ' ' || s.tags as words
from suggestions s
join data_sources d on d.id = s.data_source_id
left join clusters c on c.id = s.cluster_id
left join patterns p on p.id = s.pattern_id
left join equipment e on e.id = s.equipment_id;
