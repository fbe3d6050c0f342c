-- The first 2xx of each Idempotency-Key, written in the transaction of the change that it answers.
create table idempotency_keys (
    project_id text collate "C" not null,
    key text collate "C" not null,
    fingerprint bytea not null,
    created_at timestamptz not null,
    status smallint not null,
    etag text,
    location text,
    body bytea not null,
    primary key (project_id, key)
);

create index idempotency_keys_age on idempotency_keys (created_at);
