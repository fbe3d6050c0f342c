using Npgsql;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>A subscription as the API shows it, with what only this service knows.</summary>
internal sealed record StoredSubscription : Subscription, IVersioned
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = "sub_";

    /// <summary>The columns that <see cref="Read"/> reads.</summary>
    public const string Columns = """
        project_id, id, channel, target, components, events, state, disabled_reason, delivered_count, failed_count, last_at, last_delivered, last_status, last_error,
        case when previous_secret_until > clock_timestamp() then previous_secret_until end previous_secret_until, created_by, created_at, updated_at, version
        """;

    private const int ShownOfSlack = 4;

    /// <inheritdoc/>
    public required long Version { get; init; }

    /// <summary>Where messages go: the target, whole.</summary>
    public required string Address { get; init; }

    /// <summary>Reads a row of <see cref="Columns"/>.</summary>
    public static StoredSubscription Read(NpgsqlDataReader row)
    {
        var channel = WireNames.ChannelOf(row.GetString(row.GetOrdinal("channel")))!.Value;
        var address = row.GetString(row.GetOrdinal("target"));
        return new()
        {
            ProjectId = row.GetString(row.GetOrdinal("project_id")),
            Id = row.GetString(row.GetOrdinal("id")),
            Channel = channel,
            Address = address,
            Target = channel == SubscriptionChannel.Slack ? Masked(address) : address,
            Components = row.GetFieldValue<string[]>(row.GetOrdinal("components")),
            Events = row.GetFieldValue<string[]>(row.GetOrdinal("events")),
            State = WireNames.SubscriptionStateOf(row.GetString(row.GetOrdinal("state")))!.Value,
            DisabledReason = row.TextOrNull("disabled_reason"),
            DeliveredCount = row.GetInt64(row.GetOrdinal("delivered_count")),
            FailedCount = row.GetInt64(row.GetOrdinal("failed_count")),
            LastResult = StoredDelivery.ResultOf(row, Value<bool>(row, "last_delivered") is true),
            PreviousSecretUntil = Value<DateTimeOffset>(row, "previous_secret_until"),
            CreatedBy = row.GetString(row.GetOrdinal("created_by")),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("created_at")),
            UpdatedAt = row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("updated_at")),
            Version = row.GetInt64(row.GetOrdinal("version")),
        };
    }

    /// <summary>The value of a column that may be null.</summary>
    internal static T? Value<T>(NpgsqlDataReader row, string column)
        where T : struct => row.GetOrdinal(column) is var ordinal && row.IsDBNull(ordinal) ? null : row.GetFieldValue<T>(ordinal);

    /// <summary>Enough of the URL, which is itself the secret, to know it again.</summary>
    private static string Masked(string url) => $"{new Uri(url).GetLeftPart(UriPartial.Authority)}/…{url[^ShownOfSlack..]}";
}
