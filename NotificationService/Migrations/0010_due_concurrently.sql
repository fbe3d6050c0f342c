-- The lanes' own index leads to what is due in each. This one served all of them at once; beside it, statistics of a slow moment made it look as good.
drop index concurrently if exists deliveries_due;
