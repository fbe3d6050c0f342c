-- What the links of e-mail carry, as SHA-256. Those that manage a subscription have no end of their own; those that confirm one do.
create table mail_tokens (
    hash bytea not null primary key,
    subscription_id text collate "C" not null references subscriptions (id) on update cascade on delete cascade,
    confirms boolean not null,
    expires_at timestamptz
);

create index mail_tokens_subscription on mail_tokens (subscription_id);

-- The addresses of subscriptions by e-mail, without regard to case: one of a project each.
create table mail_addresses (
    subscription_id text collate "C" not null primary key references subscriptions (id) on update cascade on delete cascade,
    project_id text collate "C" not null,
    address text collate "C" not null,
    requested_at timestamptz not null default clock_timestamp(), -- when somebody asked for it last
    unique (project_id, address)
);

-- The mails that somebody asked for within the last hour, once for each of whom they are counted for.
create table mail_requests (
    counted_for text collate "C" not null, -- an address, a client or a project
    at timestamptz not null default clock_timestamp()
);

create index mail_requests_counted on mail_requests (counted_for, at);
