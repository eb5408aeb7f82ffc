-- Redundant measuring points share a role: a reviewer may give a role to several points.
alter table suggestion_roles drop constraint suggestion_roles_suggestion_id_role_key;
