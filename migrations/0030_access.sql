-- Who may do what, who is signed in, and what was done by whom.
create table api_keys (
    id           uuid primary key,
    name         text not null,
    -- SHA-256 of the key, which nobody keeps
    hash         bytea not null unique,
    scopes       text[] not null,
    created_by   text not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    revoked_by   text,
    last_used_at timestamptz
);
-- A name that a key had may be given again once it is revoked.
create unique index api_keys_name on api_keys (name) where revoked_at is null;

create table sessions (
    -- SHA-256 of what the browser's cookie holds
    hash       bytea primary key,
    name       text not null,
    scopes     text[] not null,
    -- of whom signed in with a key
    api_key_id uuid references api_keys,
    -- what the provider calls whom it vouches for
    subject    text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index sessions_expires on sessions (expires_at);

create table audit_log (
    id      bigint generated always as identity primary key,
    at      timestamptz not null default now(),
    actor   text not null,
    action  text not null,
    -- what was done to: a suggestion, a run, a key, a person
    subject text not null,
    detail  jsonb not null default '{}',
    -- where the request came from, if it is known
    address text
);
create index audit_log_actor on audit_log (actor, id);
create index audit_log_action on audit_log (action, id);
create index audit_log_at on audit_log (at);

create function audit_log_only_grows() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log only grows; rows are neither changed nor deleted';
end $$;
create trigger audit_log_only_grows before update or delete or truncate on audit_log
    for each statement execute function audit_log_only_grows();
