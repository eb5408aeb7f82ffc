-- What an export says of where a point belongs, and what its numbers mean where it shows states.
alter table points
    add column device  text not null default '',
    add column path    text not null default '',
    add column "group" text not null default '',
    -- the name of state 0, 1, 2 …
    add column states  text[] not null default '{}';
