-- While a window covers a component, the history holds what was measured beneath it, too: 10 operational, 11 degraded, 14 outage; 3 stays
-- for a window with nothing measured beneath.
alter table intervals drop constraint intervals_state_check, add constraint intervals_state_check check (state in (0, 1, 3, 4, 10, 11, 14));

-- The components and incidents as the recorder last heard them, beside the windows.
alter table recorder add column announced jsonb;
