using Npgsql;
using NpgsqlTypes;
using Xerotier.NotificationService.Subscriptions;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Mail;

/// <summary>Where a link of a mail leads.</summary>
/// <param name="Subscription">The subscription.</param>
/// <param name="Confirms">Whether it may confirm it.</param>
internal sealed record MailLink(StoredSubscription Subscription, bool Confirms);

/// <summary>What the holder of a link may do with the subscription, by the link's token alone.</summary>
internal sealed class MailLinks(NpgsqlDataSource database)
{
    private const string Holds = "t.hash = @hash and (t.expires_at is null or t.expires_at > clock_timestamp())";

    private const string FindSql = $"select t.confirms, {StoredSubscription.Columns} from mail_tokens t join subscriptions s on s.id = t.subscription_id where {Holds}";

    private const string ConfirmSql = $"""
        update subscriptions s set state = 'active', updated_at = clock_timestamp(), version = version + 1
        from mail_tokens t where {Holds} and t.confirms and s.id = t.subscription_id and s.state = 'unconfirmed'
        """;

    private const string ChooseSql = $"""
        update subscriptions s set components = @components, updated_at = clock_timestamp(), version = version + 1
        from mail_tokens t where {Holds} and s.id = t.subscription_id and s.components <> @components
        """;

    private const string DeleteSql = $"delete from subscriptions s using mail_tokens t where {Holds} and s.id = t.subscription_id";

    /// <summary>Where a token leads; null: nowhere (any more).</summary>
    public async Task<MailLink?> FindAsync(string token, CancellationToken cancellation)
    {
        if (MailTokens.HashOf(token) is not { } hash)
        {
            return null;
        }

        await using var command = database.CreateCommand(FindSql).With("hash", NpgsqlDbType.Bytea, hash);
        return (await command.ReadAllAsync(row => new MailLink(StoredSubscription.Read(row), row.GetBoolean(0)), cancellation)).SingleOrDefault();
    }

    /// <summary>Confirms the subscription, if it is not yet and the link may.</summary>
    public Task ConfirmAsync(string token, CancellationToken cancellation) => RunAsync(ConfirmSql, token, null, cancellation);

    /// <summary>Chooses of what the subscription is told; none: of all.</summary>
    public Task ChooseAsync(string token, IReadOnlyList<string> components, CancellationToken cancellation) => RunAsync(ChooseSql, token, components, cancellation);

    /// <summary>Ends the subscription.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> UnsubscribeAsync(string token, CancellationToken cancellation) => await RunAsync(DeleteSql, token, null, cancellation) > 0;

    private async Task<int> RunAsync(string sql, string token, IReadOnlyList<string>? components, CancellationToken cancellation)
    {
        if (MailTokens.HashOf(token) is not { } hash)
        {
            return 0;
        }

        await using var command = database.CreateCommand(sql).With("hash", NpgsqlDbType.Bytea, hash);
        if (components is not null)
        {
            command.Texts("components", components);
        }

        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
