-- Who is told. Subscribers of the page belong to no project: theirs is empty.
create table subscriptions (
    project_id text collate "C" not null,
    id text collate "C" not null primary key,
    channel text not null,
    target text not null,
    components text[] not null, -- empty: all
    events text[] not null,
    state text not null, -- active, disabled or unconfirmed
    disabled_reason text,
    secret text,
    previous_secret text,
    previous_secret_until timestamptz,
    sequence bigint not null default 0, -- of its last message
    delivered_count bigint not null default 0,
    failed_count bigint not null default 0,
    last_at timestamptz,
    last_delivered boolean,
    last_status integer,
    last_error text,
    failing_since timestamptz, -- the first failure since the last success
    slow boolean not null default false, -- it failed last, or took long: it must not delay the others
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version bigint not null default 1
);

create index subscriptions_list on subscriptions (project_id, created_at desc, id);

-- What happened. Its key makes it one event, whoever notices it and how often.
create table events (
    id bigint generated always as identity primary key,
    key text collate "C" not null unique,
    type text not null,
    object_id text collate "C" not null,
    project_id text collate "C" not null,
    platform boolean not null, -- of the platform's own operators: all are told
    components text[] not null, -- empty: all
    occurred_at timestamptz not null,
    created_at timestamptz not null default clock_timestamp(),
    data bytea not null -- the object as JSON
);

create index events_age on events (created_at);

-- A message to a subscription: one for each event. Of a subscription's messages that are to be tried, all but the first wait, without a
-- time, until it was delivered, given up or tried three times.
create table deliveries (
    id text collate "C" not null primary key,
    project_id text collate "C" not null,
    subscription_id text collate "C" not null references subscriptions (id) on delete cascade,
    event_id bigint not null references events (id) on delete cascade,
    sequence bigint not null,
    state text not null default 'pending', -- pending, delivered or failed
    attempts integer not null default 0,
    next_attempt_at timestamptz, -- while it is being tried: when another may try, should this one have died
    first_attempt_at timestamptz,
    last_at timestamptz,
    last_status integer,
    last_error text,
    created_at timestamptz not null default clock_timestamp(),
    unique (subscription_id, sequence),
    unique (event_id, subscription_id)
);

create index deliveries_due on deliveries (next_attempt_at) where state = 'pending';
create index deliveries_waiting on deliveries (subscription_id, sequence) where state = 'pending';

-- How far each log has been read, by whom: one replica at a time.
create table cursors (
    name text primary key,
    mark text not null default '', -- empty: not at all yet
    holder text not null default '',
    held_until timestamptz not null default '-infinity'
);

insert into cursors (name) values ('changes'), ('statuses');

-- The windows that are scheduled or active, as far as the log has been read.
create table windows (
    id text collate "C" not null primary key,
    project_id text collate "C" not null,
    platform boolean not null,
    version bigint not null,
    data bytea not null
);

-- What is to be told of a window when its time comes: a reminder (named by its offset) or that it runs over.
create table plans (
    window_id text collate "C" not null references windows (id) on delete cascade,
    kind text not null, -- reminder or overrunning
    name text not null,
    due_at timestamptz not null,
    primary key (window_id, kind, name)
);

create index plans_due on plans (due_at);

-- Changes of components' statuses that may yet flap back.
create table held_statuses (
    component_id text collate "C" not null primary key,
    number bigint not null,
    before text not null,
    after text not null,
    since timestamptz not null,
    due_at timestamptz not null
);

-- Their subscriptions are told nothing.
create table suspended_projects (project_id text collate "C" not null primary key);
