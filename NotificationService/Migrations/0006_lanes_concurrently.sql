-- What one lane has due is found without what the others have.
drop index concurrently if exists deliveries_lane;
create index concurrently deliveries_lane on deliveries (lane, next_attempt_at) where state = 'pending' and next_attempt_at is not null;
