using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Sessions;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.ConsolePages;

/// <summary>
/// The cookie with a session's secret. Behind TLS the browser takes it from this host alone and sends it by TLS alone. On the machine itself, without
/// TLS, its name tells installations apart, whose cookies the browser would mix. Over plain HTTP from elsewhere there is none.
/// </summary>
internal sealed class SessionCookie(ClientAddresses clients, SessionFeed feed)
{
    private const string Secure = "__Host-xero_console";

    /// <summary>Its name for this request.</summary>
    /// <exception cref="ApiException">403: plain HTTP from elsewhere. 503: the database was not there yet.</exception>
    public string NameFor(Call call) =>
        clients.IsSecure(call.Http) ? Secure
        : !clients.IsLocal(call.Http, call.Client) ? throw new ApiException(ApiErrors.HttpsRequired)
        : feed.Installation is { } installation ? $"xero_console_{installation}"
        : throw new ApiException(ApiErrors.ServiceUnavailable);

    /// <summary>The secret that a request brings; null: none, or what is none.</summary>
    /// <inheritdoc cref="NameFor"/>
    public string? Read(Call call) => call.Http.Request.Cookies[NameFor(call)] is { } secret && RandomSecret.IsWellFormed(secret) ? secret : null;

    /// <summary>Gives the browser a secret; null: takes it away.</summary>
    /// <inheritdoc cref="NameFor"/>
    public void Write(Call call, string? secret)
    {
        var name = NameFor(call);
        call.Http.Response.Headers.Append("Set-Cookie", $"{name}={secret}; Path=/; HttpOnly; SameSite=Strict{(name == Secure ? "; Secure" : "")}{(secret is null ? "; Max-Age=0" : "")}");
    }
}
