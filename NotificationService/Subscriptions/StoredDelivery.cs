using Npgsql;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using static Xerotier.NotificationService.Subscriptions.StoredSubscription;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>How deliveries are read.</summary>
internal static class StoredDelivery
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = "msg_";

    /// <summary>The columns that <see cref="Read"/> reads, of a delivery <c>d</c> and its event <c>e</c>.</summary>
    public const string Columns = $"d.id, d.subscription_id, e.type, e.object_id, d.sequence, d.state, d.attempts, {Waiting.DueAt} as next_attempt_at, d.last_at, d.last_status, d.last_error, d.created_at";

    /// <summary>Reads a row of <see cref="Columns"/>.</summary>
    public static Delivery Read(NpgsqlDataReader row)
    {
        var state = WireNames.DeliveryStateOf(row.GetString(row.GetOrdinal("state")))!.Value;
        return new()
        {
            Id = row.GetString(row.GetOrdinal("id")),
            SubscriptionId = row.GetString(row.GetOrdinal("subscription_id")),
            EventType = row.GetString(row.GetOrdinal("type")),
            ObjectId = row.GetString(row.GetOrdinal("object_id")),
            Sequence = row.GetInt64(row.GetOrdinal("sequence")),
            State = state,
            Attempts = row.GetInt32(row.GetOrdinal("attempts")),
            NextAttemptAt = Value<DateTimeOffset>(row, "next_attempt_at"),
            LastResult = ResultOf(row, state == DeliveryState.Delivered),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("created_at")),
        };
    }

    /// <summary>What came of the last attempt; null before the first.</summary>
    internal static DeliveryResult? ResultOf(NpgsqlDataReader row, bool delivered) => Value<DateTimeOffset>(row, "last_at") is { } at
        ? new() { At = at, Delivered = delivered, StatusCode = Value<int>(row, "last_status"), Error = row.TextOrNull("last_error") }
        : null;
}
