-- The platform's own notices come first, whatever the others have.
create index windows_platform_scheduled on windows (starts_at, id) where status = 'scheduled' and platform;
