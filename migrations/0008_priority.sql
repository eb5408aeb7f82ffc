-- How much the answer to a suggestion would teach: the order in which the engine asks.
alter table suggestions add column priority double precision not null default 0;
create index suggestions_priority on suggestions (status, priority desc, id);
drop index suggestions_list;
