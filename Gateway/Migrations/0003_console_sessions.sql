-- Names this installation, so that the cookies of two on one machine are told apart.
create table installation (
    one  boolean primary key default true check (one),
    id   text not null default replace(gen_random_uuid()::text, '-', '')
);

insert into installation default values;

-- The sessions of the console. A session holds values of keys, by their hashes as in api_key_values: it ends with them, and nothing here
-- opens anything by itself. Without references: values are never deleted.
create table console_sessions (
    hash            bytea primary key check (length(hash) = 32),
    project_value   bytea,
    platform_value  bytea,
    created_at      timestamptz not null,
    last_used_at    timestamptz not null,
    check (project_value is not null or platform_value is not null)
);

create index console_sessions_of_project_value on console_sessions (project_value);
create index console_sessions_of_platform_value on console_sessions (platform_value);

-- The links that were used: each signs in once.
create table console_links (
    hash     bytea primary key check (length(hash) = 32),
    used_at  timestamptz not null
);
