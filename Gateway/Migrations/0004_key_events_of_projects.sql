-- Whose key it was, '' for the platform's, so that a project's changes are found without those of the others.
alter table key_events add column project_id text;
update key_events e set project_id = coalesce(k.project_id, '') from api_keys k where k.id = e.key_id;
