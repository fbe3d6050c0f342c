create table applied (at timestamptz not null default now());
insert into applied default values;
