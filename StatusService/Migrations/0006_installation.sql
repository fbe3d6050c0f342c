-- What tells this installation from others, whatever its address: made once, for ever. One row.
create table installation (
    only_row boolean primary key default true check (only_row),
    id uuid not null default gen_random_uuid()
);
insert into installation default values;
