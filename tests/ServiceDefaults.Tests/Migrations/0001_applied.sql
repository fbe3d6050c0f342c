create table applied (at timestamptz not null default now());
create table if not exists locked (id int);
insert into applied default values;
