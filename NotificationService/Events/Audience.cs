using Npgsql;
using NpgsqlTypes;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Events;

/// <summary>Who is told of an event: the one rule, by which events are written and their audience is counted.</summary>
/// <param name="database">The service's database.</param>
internal sealed class Audience(ProjectDatabase database)
{
    /// <summary>Holds for the subscriptions that are told, with the parameters of <see cref="Place"/>.</summary>
    public const string Told = """
        state = 'active' and @type = any(events) and (@platform or project_id = @project)
            and (cardinality(components) = 0 or cardinality(@components) = 0 or components && @components)
            and project_id not in (select project_id from suspended_projects)
        """;

    private const string CountSql = $"select channel, count(*) from subscriptions where {Told} group by channel";

    /// <summary>Adds the parameters of <see cref="Told"/> but <c>@project</c>.</summary>
    /// <param name="command">The statement.</param>
    /// <param name="type">The event's type.</param>
    /// <param name="platform">Whether everybody may be told.</param>
    /// <param name="components">The components that it is about; empty: all.</param>
    public static NpgsqlCommand Place(NpgsqlCommand command, string type, bool platform, IReadOnlyList<string> components) =>
        command.Text("type", type).With("platform", NpgsqlDbType.Boolean, platform).Texts("components", components);

    /// <summary>How many would be told of an event now, by channel.</summary>
    /// <param name="projectId">Whose event it is.</param>
    /// <param name="type">Its type.</param>
    /// <param name="platform">Whether everybody may be told, because it is of the platform's own operators.</param>
    /// <param name="components">The components that it is about; empty: all.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IReadOnlyDictionary<SubscriptionChannel, long>> CountAsync(
        string projectId, string type, bool platform, IReadOnlyList<string> components, CancellationToken cancellation)
    {
        await using var command = Place(database.Command(projectId, CountSql), type, platform, components);
        return (await command.ReadAllAsync(row => (Channel: WireNames.ChannelOf(row.GetString(0))!.Value, Count: row.GetInt64(1)), cancellation))
            .ToDictionary(row => row.Channel, row => row.Count);
    }
}
