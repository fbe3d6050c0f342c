-- When a window became active; null: not yet, or it never did.
alter table windows add column activated_at timestamptz;
