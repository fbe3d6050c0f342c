drop index concurrently if exists applied_at;
create index concurrently applied_at on applied (at);
