-- Points that are called alike and stand alone, each of a machine of its own: one question asks about all of them.
alter table clusters drop constraint clusters_kind_check;
alter table clusters add constraint clusters_kind_check check (kind in ('equipment', 'episode', 'look_alikes'));
-- An approval may make several machines, and a point is then excluded from each.
alter table exclusions drop constraint exclusions_pkey;
alter table exclusions add primary key (suggestion_id, point_id, equipment_id, excluded_at);
