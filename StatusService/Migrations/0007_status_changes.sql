-- What each component was shown as, change by change. Only the recorder writes, under the lock of its row, so numbers are in the order
-- of commits and a reader that has one has all before it.
create table status_changes (
    number bigint primary key generated always as identity,
    component text not null,
    at timestamptz not null,
    -- Null: it was not shown before.
    before text,
    after text not null
);
create index on status_changes (component, number desc);

-- The last change that is no longer kept: a reader that has not got so far has missed some.
alter table recorder add column changes_purged_to bigint not null default 0;
