-- When everything that a log had was last known: how far its reader is behind.
alter table cursors add column caught_up_at timestamptz not null default now();
