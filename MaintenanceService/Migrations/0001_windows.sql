-- Windows of all projects. Text is collated by bytes, so that ids sort alike here and in the service.
create table windows (
    project_id text collate "C" not null,
    id text collate "C" not null,
    title text not null,
    description text not null,
    severity text not null check (severity in ('info', 'warning', 'critical')),
    affected_services text[] not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null check (status in ('scheduled', 'active', 'completed', 'cancelled')),
    version bigint not null,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    completed_at timestamptz,
    cancelled_at timestamptz,
    primary key (project_id, id),
    check (ends_at > starts_at),
    check ((completed_at is not null) = (status = 'completed')),
    check ((cancelled_at is not null) = (status = 'cancelled'))
);

-- A project's list, with and without a filter: each status is one range of this index.
create index windows_list on windows (project_id, status, starts_at desc, id);

-- One row per change, numbered by the window's version: a change is here exactly once, and stays when its window is purged.
create table window_events (
    project_id text collate "C" not null,
    window_id text collate "C" not null,
    version bigint not null,
    occurred_at timestamptz not null,
    actor text not null,
    actor_key_id text,
    action text not null,
    before jsonb,
    after jsonb,
    primary key (project_id, window_id, version)
);
