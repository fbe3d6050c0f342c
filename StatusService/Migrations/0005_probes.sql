-- Who asks the probed components: at most one replica at a time. One row.
create table prober (
    only_row boolean primary key default true check (only_row),
    holder uuid,
    expires_at timestamptz not null default '-infinity'
);
insert into prober default values;

-- What each component's probe has found, for the other replicas and for whoever probes next.
create table probe_results (
    component text primary key,
    -- What was asked: what an earlier address or expectation was found to be says nothing of this one.
    target text not null,
    status text not null check (status in ('operational', 'outage', 'unknown')),
    reason text,
    -- In a row, up to this answer.
    failures int not null,
    checked_at timestamptz not null
);

-- Outages for which an incident is drafted, until the component has been operational for long enough.
create table drafts (
    component text not null,
    since timestamptz not null,
    -- The MaintenanceService has confirmed it.
    drafted boolean not null default false,
    primary key (component, since)
);
