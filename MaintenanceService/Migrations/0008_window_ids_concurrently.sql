-- The platform's operators name a window of any project by its id alone.
drop index concurrently if exists windows_id;
create index concurrently windows_id on windows (id);

-- Repeats windows_platform_active; databases of one release have it.
drop index concurrently if exists windows_platform_active_first;
