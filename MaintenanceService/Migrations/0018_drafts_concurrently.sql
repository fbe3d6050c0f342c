-- The drafts of a project, which are few, are found without its incidents.
drop index concurrently if exists incidents_drafts;
create index concurrently incidents_drafts on incidents (project_id, started_at desc, id) where draft;
