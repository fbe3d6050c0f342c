-- The record began with the example history of a demo, and is marked as that for ever.
alter table recorder add column demo boolean not null default false;
