-- How long a question stays open. Its own column, because `expires_at` moves when it is deferred or reopened.
alter table suggestions add column answer_within interval not null default interval '30 days';
update suggestions set answer_within = expires_at - created_at
    where isfinite(expires_at) and expires_at > created_at;
