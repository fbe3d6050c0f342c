-- What the status page shows of all projects. A window of a platform project marks the platform's history.
alter table windows add column platform boolean not null default false;

-- By an expression, so that no project's list is ever read from this index, through all other projects' windows.
create index windows_recent on windows ((starts_at at time zone 'UTC') desc, id);
create index windows_active on windows (ends_at, id) where status = 'active';
create index windows_scheduled on windows (starts_at, id) where status = 'scheduled';
create index windows_platform_active on windows (ends_at) where status = 'active' and platform;

-- Windows that span an instant, however long they are.
create index windows_span on windows using gist (tstzrange(starts_at, ends_at));
