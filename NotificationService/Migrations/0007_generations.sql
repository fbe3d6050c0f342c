-- How often a log was begun anew: versions that were told of may come again, of other changes, where its database was set back.
alter table cursors add column generation integer not null default 0;
