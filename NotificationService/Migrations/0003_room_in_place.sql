-- Rows that change with each message: room beside them, so that a change touches no index.
alter table subscriptions set (fillfactor = 60);
