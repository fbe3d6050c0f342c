-- Calendars tell for a while that a window was purged.
drop index concurrently if exists window_events_purged;
create index concurrently window_events_purged on window_events (occurred_at) where action = 'purged';
