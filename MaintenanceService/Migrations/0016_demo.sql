-- A demo's example incidents and windows, which only a database without any gets. One row where they are wanted, for ever.
create table demo (
    only_row boolean primary key default true check (only_row),
    seed integer not null,
    day date not null,
    done boolean not null default false
);
