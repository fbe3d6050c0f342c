-- The audit rows become the change log. A reader's mark is a snapshot: what it has not seen are the rows of transactions that were
-- running then or have begun since, however late they commit. Rows from before this script have been seen by every reader.
alter table window_events add column xid xid8 not null default '0';
alter table window_events alter column xid set default pg_current_xact_id();

create index window_events_xid on window_events (xid, project_id, window_id, version);
