-- The recorder of the moment, and how far the history goes. One row.
create table recorder (
    only_row boolean primary key default true check (only_row),
    holder uuid,
    -- Grows with every takeover; every write names it, so that a recorder that lost the lease cannot write any more.
    generation bigint not null default 0,
    expires_at timestamptz not null default '-infinity',
    -- Every second before this one is settled: written as an interval, or no data for ever. It only grows.
    recorded_until timestamptz not null default '-infinity',
    -- Start of the first interval ever; outlives the retention.
    first_recorded timestamptz,
    -- Grows with every change of the intervals or of the stamp: who has read this revision has read them all.
    revision bigint not null default 0,
    -- Since when the board has been what it is, as the recorder saw it; all replicas show these instants.
    stamp jsonb
);
insert into recorder default values;

-- What each indicator held, in whole seconds [starts_at, ends_at); no row is no data. A row never crosses a UTC midnight.
-- ends_at null: open, goes on until recorder.recorded_until.
create table intervals (
    indicator smallint not null,
    starts_at timestamptz not null,
    ends_at timestamptz check (ends_at > starts_at),
    -- 0 operational, 1 degraded, 3 maintenance, 4 outage
    state smallint not null check (state in (0, 1, 3, 4)),
    primary key (starts_at, indicator)
);
create unique index one_open_interval on intervals (indicator) where ends_at is null;

-- Closed UTC days, in seconds. Written in the transaction that moves recorded_until past the day's end.
create table days (
    day date not null,
    indicator smallint not null,
    operational int not null,
    degraded int not null,
    maintenance int not null,
    outage int not null,
    primary key (day, indicator)
);
