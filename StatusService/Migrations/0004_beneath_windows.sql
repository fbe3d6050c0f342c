-- What was measured of a component while a window covered it: 0 operational, 1 degraded, 4 outage; null where nothing was, and without a window.
alter table intervals add column beneath smallint;

-- The components and incidents as the recorder last heard them, beside the windows.
alter table recorder add column announced jsonb;
