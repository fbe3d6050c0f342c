-- Requests that their clients may send again, by the keys that they gave them, for 24 hours, with what the first response said.
create table idempotency_keys (
    project_id text collate "C" not null,
    key text collate "C" not null,
    fingerprint bytea not null,
    created_at timestamptz not null,
    body bytea,
    primary key (project_id, key)
);

create index idempotency_keys_age on idempotency_keys (created_at);
