-- Which lane sends a message that has a time: well, slow or mail. Null: an earlier release gave it its time.
alter table deliveries add column lane text;
