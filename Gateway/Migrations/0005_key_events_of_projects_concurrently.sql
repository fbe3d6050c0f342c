drop index concurrently if exists key_events_of_project;
create index concurrently key_events_of_project on key_events (project_id, occurred_at, key_id);
