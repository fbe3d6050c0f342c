-- The suspended projects, as the Gateway tells them: their windows are in no public document.
create table suspended_projects (project_id text primary key);

-- How often that set has changed. A mark of the change log names it, because a change of the set shows or hides windows that have not changed.
create table suspended_projects_version (version bigint not null);
create unique index suspended_projects_version_one on suspended_projects_version ((true));
insert into suspended_projects_version values (0);
