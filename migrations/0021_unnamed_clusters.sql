-- A label may only list the cluster's points ("EY4632 and 8 more"): nobody calls a machine so.
alter table clusters add column unnamed boolean not null default false;
update clusters set unnamed = true where kind <> 'episode' and label ~ ' and [0-9]+ more$';
