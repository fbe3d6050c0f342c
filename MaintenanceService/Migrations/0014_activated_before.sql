-- Of the windows from before that column the change log knows it.
update windows w set activated_at = event.at
from (
    select project_id, window_id, min(occurred_at) as at from window_events
    where action = 'activated' or (action = 'created' and after ->> 'status' = 'active')
    group by project_id, window_id
) event
where w.project_id = event.project_id and w.id = event.window_id and w.activated_at is null;
