-- The maintenance windows as the recorder last heard them, and when: for a service that starts while they are unavailable.
alter table recorder
    add column windows jsonb,
    add column windows_heard_at timestamptz;
