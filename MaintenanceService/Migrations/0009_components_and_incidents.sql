-- Components are few, and each write of a component or an incident waits for the one before: what is judged by several of them at once
-- (names, limits, who names whom) is judged of the document. Only this service reads the documents, in which fields may be added.
create table components (
    id text collate "C" primary key,
    version bigint not null generated always as ((document ->> 'version')::bigint) stored,
    name_key text collate "C" not null, -- the name as it is compared, without regard to case
    document jsonb not null
);

-- The name of an archived component is free again.
create unique index components_name on components (name_key) where (document ->> 'archived_at') is null;

-- The bodies of an incident's updates stand beside its document, in the same order: most reads need none of them.
create table incidents (
    project_id text collate "C" not null,
    id text collate "C" not null,
    version bigint not null generated always as ((document ->> 'version')::bigint) stored,
    status text not null generated always as (document ->> 'status') stored,
    draft boolean not null generated always as ((document ->> 'draft')::boolean) stored,
    started_at timestamptz not null,
    resolved_at timestamptz check (resolved_at >= started_at),
    document jsonb not null,
    bodies jsonb not null,
    body_bytes integer not null,
    primary key (project_id, id)
);

create unique index incidents_id on incidents (id);
create index incidents_list on incidents (project_id, started_at desc, id);
create index incidents_open on incidents (id) where draft or resolved_at is null;
create index incidents_published on incidents (started_at desc, id) where not draft;
create index incidents_span on incidents using gist (tstzrange(started_at, resolved_at, '[]')) where not draft;

-- The one draft that an outage of a component has had, also when it has been published or deleted since.
create table outage_drafts (
    component_id text collate "C" not null,
    since timestamptz not null,
    project_id text collate "C" not null,
    incident_id text collate "C" not null,
    primary key (component_id, since)
);

-- The changes of components (of the project platform) and of incidents: audit trail and change log as window_events are. An incident is
-- there with no update but the one that changed.
create table notice_events (
    project_id text collate "C" not null,
    object_id text collate "C" not null,
    version bigint not null,
    occurred_at timestamptz not null,
    actor text not null,
    actor_key_id text,
    action text not null,
    before jsonb,
    after jsonb,
    xid xid8 not null default pg_current_xact_id(),
    primary key (project_id, object_id, version)
);

create index notice_events_xid on notice_events (xid, project_id, object_id, version);

-- The components that the platform measures by itself.
insert into components (id, name_key, document)
select 'cmp_' || key, upper(name), jsonb_build_object(
    'id', 'cmp_' || key, 'object', 'component', 'name', name, 'description', null, 'group', null, 'position', position,
    'start_date', '2026-01-01', 'only_show_if_degraded', false, 'probe', null, 'built_in', true,
    'created_at', '2026-01-01T00:00:00Z', 'updated_at', '2026-01-01T00:00:00Z', 'archived_at', null, 'version', 1)
from (values
    ('dashboard', 'Dashboard', 10), ('inference_routing', 'Inference Routing', 20),
    ('shared_agents', 'Shared Agents', 30), ('model_storage', 'Model Storage', 40)) built_in (key, name, position);

insert into notice_events (project_id, object_id, version, occurred_at, actor, action, after)
select 'platform', id, 1, '2026-01-01T00:00:00Z', 'system', 'created', document - 'version' from components;
