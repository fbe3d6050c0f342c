using Npgsql;
using Xerotier.Contracts;
using Xerotier.Gateway.Storage;

namespace Xerotier.Gateway.Projects;

/// <summary>The projects in the Gateway's database. Every change writes its event in the same transaction.</summary>
internal sealed class ProjectStore(GatewayDatabase database)
{
    private const string Columns = "id, name, slug, platform, created_at, suspended_at";
    private const string Find = $"select {Columns} from projects where id = $1";

    /// <summary>Creates a project.</summary>
    /// <returns>False: the slug is taken.</returns>
    public async Task<bool> CreateAsync(Project project, Actor actor)
    {
        await using var command = database.Command(
            """
            with p as (
                insert into projects (id, name, slug, platform, created_at) values ($1, $2, $3, $4, $5) on conflict (slug) do nothing returning id, change)
            insert into project_events (change, project_id, action, actor, actor_key_id, occurred_at) select change, id, 'created', $6, $7, $5 from p
            """,
            project.Id, project.Name, project.Slug, project.Platform, project.CreatedAt, actor.Name, actor.KeyId);
        return await command.ExecuteNonQueryAsync() == 1;
    }

    /// <summary>The project with <paramref name="id"/>.</summary>
    public async Task<Project?> FindAsync(string id)
    {
        await using var command = database.Command(Find, id);
        return (await command.ReadAllAsync(Read)).SingleOrDefault();
    }

    /// <summary>Up to <paramref name="limit"/> projects, newest first, after the one with id <paramref name="after"/>.</summary>
    public async Task<List<Project>> ListAsync(int limit, string? after)
    {
        await using var command = database.Command(
            $"""
            select {Columns} from projects
            where $2::text is null or (created_at, id) < (select created_at, id from projects where id = $2)
            order by created_at desc, id desc limit $1
            """,
            limit, after);
        return await command.ReadAllAsync(Read);
    }

    /// <summary>Suspends a project, or resumes it. A platform project, and one that is in that state already, stays as it is.</summary>
    /// <returns>The project as it is then; null: there is none.</returns>
    public async Task<Project?> SetSuspendedAsync(string id, bool suspended, DateTimeOffset now, Actor actor)
    {
        var (_, project) = await database.ChangeAsync(
            "select from projects where id = $1 for no key update",
            """
            with p as (
                update projects set suspended_at = case when $2 then $3::timestamptz end
                where id = $1 and not platform and (suspended_at is not null) <> $2
                returning id, change)
            insert into project_events (change, project_id, action, actor, actor_key_id, occurred_at)
            select change, id, case when $2 then 'suspended' else 'resumed' end, $4, $5, $3 from p
            returning change
            """,
            Find,
            Read,
            id, suspended, now, actor.Name, actor.KeyId);
        return project;
    }

    /// <summary>Every suspended project, with the number of the last change of any project, and the oldest of the platform.</summary>
    public static async Task<SuspendedProjects.State> ReadSuspendedAsync(NpgsqlConnection connection, int timeout)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select database, coalesce((select max(change) from projects), 0), p.id, p.suspended_at,
                (select id from projects where platform order by created_at, id limit 1)
            from ({ChangeMark.Sql}) head left join projects p on p.suspended_at is not null
            order by p.id
            """,
            connection)
        {
            CommandTimeout = timeout,
        };
        var rows = await command.ReadAllAsync(row => (Mark: new ChangeMark(row.GetString(0), row.GetInt64(1)), Id: row.Text(2), At: row.Time(3), Oldest: row.Text(4)));
        return new(rows[0].Mark, [.. from row in rows where row.Id is not null select (row.Id, row.At!.Value)], rows[0].Oldest);
    }

    private static Project Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetString(0),
        Name = row.GetString(1),
        Slug = row.GetString(2),
        Platform = row.GetBoolean(3),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(4),
        SuspendedAt = row.Time(5),
    };
}
