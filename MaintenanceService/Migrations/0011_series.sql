-- Windows that recur. Their occurrences are ordinary windows; only this service reads the documents, in which fields may be added.
create table series (
    project_id text collate "C" not null,
    id text collate "C" not null,
    version bigint not null generated always as ((document ->> 'version')::bigint) stored,
    cancelled boolean not null generated always as (document ->> 'cancelled_at' is not null) stored,
    horizon_days integer not null generated always as ((document ->> 'horizon_days')::integer) stored,
    created_at timestamptz not null,
    made_through date not null, -- the last local date whose occurrence has been made
    document jsonb not null,
    primary key (project_id, id)
);

create index series_list on series (project_id, created_at desc, id);
create index series_due on series ((made_through - horizon_days)) where not cancelled;

-- Every occurrence that was ever made, also when its window has been purged: none is made twice.
create table series_occurrences (
    project_id text collate "C" not null,
    series_id text collate "C" not null,
    occurrence date not null,
    primary key (project_id, series_id, occurrence)
);

-- The replica that makes occurrences; one row.
create table series_lease (holder text not null, expires_at timestamptz not null);
create unique index series_lease_one on series_lease ((true));
insert into series_lease values ('', '-infinity');

-- Null for a window that is of no series. A detached one is not changed with its series any more. Began: it has been active.
alter table windows add column series_id text collate "C";
alter table windows add column occurrence date;
alter table windows add column detached boolean not null default false;
alter table windows add column began boolean not null default false;
