-- The platform's own windows, and its purged ones, by themselves: they are found whatever the others have.
drop index concurrently if exists windows_platform_shown;
create index concurrently windows_platform_shown on windows ((starts_at at time zone 'UTC') desc, id) where platform and (series_id is null or status in ('active', 'completed') or began);
drop index concurrently if exists windows_platform_span;
create index concurrently windows_platform_span on windows using gist (tstzrange(starts_at, ends_at)) where platform;
drop index concurrently if exists window_events_platform_purged;
create index concurrently window_events_platform_purged on window_events (occurred_at) where action = 'purged' and before ->> 'platform' = 'true';

-- The others' are counted for each project, of thousands. These indexes, in place of those without, have all that it takes.
drop index concurrently if exists windows_newest;
create index concurrently windows_newest on windows ((starts_at at time zone 'UTC') desc, id) include (project_id, platform, starts_at);
drop index concurrently if exists windows_newest_shown;
create index concurrently windows_newest_shown on windows ((starts_at at time zone 'UTC') desc, id) include (project_id, platform, starts_at) where series_id is null or status in ('active', 'completed') or began;
drop index concurrently if exists window_events_newest_purged;
create index concurrently window_events_newest_purged on window_events (occurred_at) include (project_id, window_id, version) where action = 'purged';
drop index concurrently if exists windows_recent;
drop index concurrently if exists windows_recent_shown;
drop index concurrently if exists window_events_purged;
