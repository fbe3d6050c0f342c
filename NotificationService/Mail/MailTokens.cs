using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Mail;

/// <summary>
/// What the links of e-mail carry: 256 bits, made with the key that the services share from what the link is for, so that every attempt and
/// every mail has the same and a subscription has few. The database has only hashes: who reads it can follow no link. It is by them that links
/// are known, so those of earlier keys go on.
/// </summary>
internal sealed class MailTokens(NpgsqlDataSource database, IOptions<InternalAuthOptions> keys)
{
    /// <summary>How long a link confirms after its mail was sent.</summary>
    public static readonly TimeSpan Confirms = TimeSpan.FromHours(24);

    private const int Length = 43; // of 32 bytes

    /// <summary>Says whether there is the subscription, and writes nothing new of a link that has no end.</summary>
    private const string IssueSql = """
        with s as (select id from subscriptions where id = @subscription),
        written as (
            insert into mail_tokens (hash, subscription_id, confirms, expires_at) select @hash, id, @life is not null, clock_timestamp() + @life from s
            on conflict (hash) do update set expires_at = excluded.expires_at where mail_tokens.expires_at is not null
        )
        select id from s
        """;

    /// <summary>The token of a link that manages a subscription for as long as there is one.</summary>
    /// <returns>The token; null: the subscription was deleted meanwhile.</returns>
    public Task<string?> ToManageAsync(string subscriptionId, CancellationToken cancellation) => IssueAsync(subscriptionId, $"manage {subscriptionId}", null, cancellation);

    /// <summary>The token of a link that confirms a subscription, for a day from now.</summary>
    /// <returns>The token; null: the subscription was deleted meanwhile.</returns>
    public Task<string?> ToConfirmAsync(string subscriptionId, string messageId, CancellationToken cancellation) => IssueAsync(subscriptionId, $"confirm {messageId}", Confirms, cancellation);

    /// <summary>How a token is stored; null: it is none.</summary>
    public static byte[]? HashOf(string token) =>
        token.Length == Length && Base64Url.IsValid(token) ? SHA256.HashData(Encoding.ASCII.GetBytes(token)) : null;

    private async Task<string?> IssueAsync(string subscriptionId, string purpose, TimeSpan? life, CancellationToken cancellation)
    {
        var token = Base64Url.EncodeToString(HMACSHA256.HashData(Convert.FromBase64String(keys.Value.Keys[0]), Encoding.UTF8.GetBytes($"mail {purpose}")));
        await using var command = database.CreateCommand(IssueSql)
            .With("hash", NpgsqlDbType.Bytea, HashOf(token)).Text("subscription", subscriptionId).With("life", NpgsqlDbType.Interval, life);
        return await command.ExecuteScalarAsync(cancellation) is null ? null : token;
    }
}
