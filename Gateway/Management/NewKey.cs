using System.Net;
using Xerotier.Contracts;
using Xerotier.Gateway.Storage;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.Management;

/// <summary>Reads the body that asks for a new key.</summary>
internal static class NewKey
{
    /// <summary>Reads it.</summary>
    /// <param name="fields">The body.</param>
    /// <param name="scopes">The scopes that it may name; null: a platform key, which has the one that it always has.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="now">Now.</param>
    /// <exception cref="ApiException">400: a field is wrong.</exception>
    public static ApiKey Read(JsonFields fields, string[]? scopes, Actor actor, DateTimeOffset now)
    {
        string[] required = scopes is null ? ["name"] : ["name", "scopes"];
        fields.Require(required);
        var name = fields.Text("name", 1, 100);
        IReadOnlyList<string>? wanted = scopes is null ? [Scopes.Platform] : fields.Texts("scopes", 10, 0, 100);
        if (scopes is not null && wanted is not null && (wanted.Count == 0 || wanted.Except(scopes, StringComparer.Ordinal).Any()))
        {
            fields.Invalid("scopes", $"must name one or more of {string.Join(", ", scopes)}.");
        }

        var expires = fields.Time("expires_at");
        if (expires <= now)
        {
            fields.Invalid("expires_at", "must be in the future.");
        }

        var networks = (fields.Texts("allowed_ips", 100, 0, 100) ?? []).Select(text => Network(text)).ToList();
        if (networks.Contains(null))
        {
            fields.Invalid("allowed_ips", "must list addresses or networks, such as 192.0.2.0/24 or 2001:db8::/32.");
        }

        fields.ThrowIfInvalid();
        return new()
        {
            Id = Id.New("key_"),
            Name = name!,
            Scopes = scopes is null ? [.. wanted!] : [.. scopes.Where(wanted!.Contains)],
            ExpiresAt = expires,
            AllowedIps = [.. networks.OfType<string>().Distinct(StringComparer.Ordinal)],
            CreatedAt = now,
            CreatedBy = actor.Name,
            LastUsedAt = null,
            RevokedAt = null,
        };
    }

    /// <summary>A network in its canonical form; a single address is a network of one. Bits beyond the prefix are an error.</summary>
    private static string? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network.ToString()
        : IPAddress.TryParse(text, out var address) && text.AsSpan().IndexOfAny('.', ':') >= 0 && !text.Contains('%', StringComparison.Ordinal)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8).ToString()
        : null;
}
