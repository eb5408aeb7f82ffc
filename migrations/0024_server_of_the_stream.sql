-- Which server, and which history of it, numbered the stream last: the system identifier and the timeline. A server that
-- was promoted or restored may have lost positions that others have seen, and would give them again.
alter table stream add column server text;
