-- Numbers the changes of keys and projects in the order of their commits: whoever takes a number holds this row until its commit.
-- So what a reader has not seen are the rows above its number. The number travels with a backup; that a database was restored shows
-- in its identity, which Gateways compare as well. Everything here is an addition: Gateways of before go on beside it.
create table change_head (
    one     boolean primary key default true check (one),
    number  bigint not null
);

insert into change_head (number) values (0);

create function next_change() returns bigint language plpgsql as $$
declare
    taken bigint;
begin
    update change_head set number = number + 1 returning number into taken;
    perform pg_notify('api_keys', '');
    return taken;
end $$;

alter table projects add column suspended_at timestamptz, add column change bigint not null default 0;
alter table api_keys add column created_by text, add column rotated_at timestamptz, add column change bigint not null default 0;

create index projects_changes on projects (change);
create index api_keys_changes on api_keys (change);

-- By triggers, so that a change by hand, or by a Gateway of before, has its number too. Those poll changed_by.
create function number_project_change() returns trigger language plpgsql as $$
begin
    new.change := next_change();
    return new;
end $$;

create function number_key_change() returns trigger language plpgsql as $$
begin
    new.change := next_change();
    new.changed_by := pg_current_xact_id();
    return new;
end $$;

create trigger projects_numbered before insert or update of name, slug, platform, suspended_at on projects
    for each row execute function number_project_change();
create trigger api_keys_numbered
    before insert or update of project_id, name, scopes, expires_at, allowed_ips, rotated_at, revoked_at, changed_by on api_keys
    for each row execute function number_key_change();

drop trigger api_keys_changed on api_keys;
drop function notify_api_keys();

-- Who did what. Written in the transaction of the change, whose number it has.
create table project_events (
    change        bigint primary key,
    project_id    text not null references projects,
    action        text not null check (action in ('created', 'suspended', 'resumed')),
    actor         text not null,
    actor_key_id  text,
    occurred_at   timestamptz not null
);

create index project_events_of_project on project_events (project_id, change);

create table key_events (
    change        bigint primary key,
    key_id        text not null references api_keys,
    action        text not null check (action in ('created', 'rotated', 'revoked')),
    actor         text not null,
    actor_key_id  text,
    occurred_at   timestamptz not null
);

create index key_events_of_key on key_events (key_id, change);

-- Apart from api_keys, so that no use waits for a change of its key. Without a reference: the check would cost more than the write.
create table api_key_uses (
    key_id        text primary key,
    last_used_at  timestamptz not null
) with (fillfactor = 50);

insert into api_key_uses (key_id, last_used_at) select id, last_used_at from api_keys where last_used_at is not null;
