alter table windows add column auto_transition boolean not null default false;

create index windows_due_start on windows (starts_at) where auto_transition and status = 'scheduled';
create index windows_due_end on windows (ends_at) where auto_transition and status = 'active';
