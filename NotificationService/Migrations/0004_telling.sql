-- Events that not everybody has been told of yet, and the last subscription, by id, that has.
create table telling (
    event_id bigint not null primary key,
    after text collate "C" not null default ''
);
