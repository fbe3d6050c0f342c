-- What the status page shows of series: what has begun, and the next ones. The others would be in the way of everybody's windows.
drop index concurrently if exists windows_recent_shown;
create index concurrently windows_recent_shown on windows ((starts_at at time zone 'UTC') desc, id) where series_id is null or status in ('active', 'completed') or began;
drop index concurrently if exists windows_scheduled_single;
create index concurrently windows_scheduled_single on windows (starts_at, id) where status = 'scheduled' and series_id is null;
drop index concurrently if exists windows_occurrence;
create index concurrently windows_occurrence on windows (project_id, series_id, occurrence) where series_id is not null;
drop index concurrently if exists windows_series_scheduled;
create index concurrently windows_series_scheduled on windows (series_id, starts_at, id) where series_id is not null and status = 'scheduled';
