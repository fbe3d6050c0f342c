-- When subscribers are reminded of a window, and whether they are told of it at all.
alter table windows add column reminders text[] not null default '{-24h,-1h}';
alter table windows add column notify boolean not null default true;
