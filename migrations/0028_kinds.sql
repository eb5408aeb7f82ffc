-- Patterns of category Anomaly were conditions that nothing could match: a category is never a kind in disguise.
update patterns set status = 'retired', version = version + 1, updated_at = now()
where source = 'library' and kind = 'equipment' and category = 'Anomaly' and status = 'active';

-- A draft says of which kind its pattern is.
update suggestions set draft = draft || '{"kind": "equipment"}' where draft is not null and not draft ? 'kind';
