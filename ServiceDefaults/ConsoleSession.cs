using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Xerotier.ServiceDefaults;

/// <summary>A key that somebody signed in with.</summary>
/// <param name="ProjectId">Its project; of a platform key null.</param>
/// <param name="ProjectName">The project's name when the session began.</param>
/// <param name="IsPlatformProject">Whether the project is one of the platform's own.</param>
/// <param name="KeyName">The key's name.</param>
/// <param name="KeyId">The key's ID.</param>
public sealed record SignedInKey(string? ProjectId, string? ProjectName, bool IsPlatformProject, string KeyName, string KeyId);

/// <summary>
/// What a session of the console holds (console.md, section 23). The Gateway owns sessions: it passes a request on to the Console with the
/// session's secret and with this, and takes the secret back, on its internal port and from the Console alone, in place of a key.
/// </summary>
/// <param name="Project">The project's key, if one is signed in.</param>
/// <param name="Platform">The platform key, if one is signed in.</param>
/// <param name="EndsAt">When the session ends at the latest.</param>
public sealed record ConsoleSession(SignedInKey? Project, SignedInKey? Platform, DateTimeOffset EndsAt)
{
    /// <summary>The header with the session's secret, from the Gateway to the Console and back.</summary>
    public const string SecretHeader = "Xerotier-Session";

    /// <summary>The header with this record, from the Gateway to the Console.</summary>
    public const string HeldHeader = "Xerotier-Session-Holds";

    /// <summary>The header by which a page asks for its newest state by itself, while nobody does anything: such a request keeps no session alive. It goes the same way.</summary>
    public const string LiveHeader = "Xerotier-Live";

    /// <summary>
    /// The header with a form whose session has ended, or that was made for another session, from the Gateway to the Console: nothing is
    /// done then, and what was entered is shown to be sent again. It comes in place of <see cref="SecretHeader"/>, and its value is what the
    /// form must carry the next time (<see cref="CsrfToken"/>), or <c>-</c> where nobody is signed in.
    /// </summary>
    public const string InterruptedHeader = "Xerotier-Session-Interrupted";

    /// <summary>The header with the scheme by which the user's browser is connected, from the Gateway to the Console.</summary>
    public const string SchemeHeader = "X-Forwarded-Proto";

    /// <summary>The field of every form of the console that has <see cref="CsrfToken"/>.</summary>
    public const string CsrfField = "csrf";

    /// <summary>The cookie with the name of the user's time zone, the only one that the Gateway passes on to the Console.</summary>
    public const string ZoneCookie = "xero_zone";

    /// <summary>What a form of the session has to carry: only a page that we made for it knows this.</summary>
    public static string CsrfToken(string secret) => Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), "xerotier console form"u8));

    /// <summary>As a header's value: JSON in ASCII.</summary>
    public string ToHeader() => JsonSerializer.Serialize(this, ConsoleSessionJson.Default.ConsoleSession);

    /// <summary>Reads a header's value.</summary>
    /// <exception cref="JsonException">It is none of ours.</exception>
    public static ConsoleSession FromHeader(string value) => JsonSerializer.Deserialize(value, ConsoleSessionJson.Default.ConsoleSession) ?? throw new JsonException("The session is null.");
}

[JsonSerializable(typeof(ConsoleSession))]
internal sealed partial class ConsoleSessionJson : JsonSerializerContext;
