create table projects (
    id          text primary key check (id ~ '^proj_[A-Za-z0-9]{6,32}$'),
    name        text not null,
    slug        text not null unique check (slug ~ '^[a-z0-9-]{1,40}$' and slug <> 'platform'),
    platform    boolean not null,
    created_at  timestamptz not null
);

create index projects_newest_first on projects (created_at desc, id desc);

-- Without a project: a platform key.
create table api_keys (
    id            text primary key,
    project_id    text references projects,
    name          text not null,
    scopes        text[] not null,
    expires_at    timestamptz,
    allowed_ips   text[] not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz,
    revoked_at    timestamptz,
    -- The transaction of the last change that Gateways must hear of; last_used_at is none.
    changed_by    xid8 not null default pg_current_xact_id(),
    check ((project_id is null) = (scopes = '{platform}'))
);

create index api_keys_newest_first on api_keys (project_id, created_at desc, id desc);
create index api_keys_changed on api_keys (changed_by);

-- The values that a key has had. A rotation gives the old one an end.
create table api_key_values (
    hash        bytea primary key check (length(hash) = 32),
    key_id      text not null references api_keys,
    created_at  timestamptz not null,
    expires_at  timestamptz
);

create index api_key_values_of_key on api_key_values (key_id);

-- Wakes the Gateways' feeds; what changed they read by changed_by, which also finds what a lost notification announced.
create function notify_api_keys() returns trigger language plpgsql as $$
begin
    perform pg_notify('api_keys', '');
    return null;
end $$;

create trigger api_keys_changed after insert or update of changed_by on api_keys
    for each statement execute function notify_api_keys();
