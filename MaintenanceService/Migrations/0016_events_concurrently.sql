-- The audit trail of a project: the events of all its windows, and those of each other kind of object, by time.
drop index concurrently if exists window_events_project;
create index concurrently window_events_project on window_events (project_id, occurred_at, window_id, version);
drop index concurrently if exists notice_events_project;
create index concurrently notice_events_project on notice_events (project_id, split_part(object_id, '_', 1), occurred_at, object_id, version);
