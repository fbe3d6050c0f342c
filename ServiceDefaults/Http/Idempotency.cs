using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>A request that its client may send again: the same key and fingerprint get the first response, another fingerprint is refused.</summary>
/// <param name="Key">The client's own name for the request, unique in its project for <see cref="Kept"/>.</param>
/// <param name="Fingerprint">SHA-256 of method, path and body.</param>
public sealed record Idempotency(string Key, byte[] Fingerprint)
{
    /// <summary>How long a response is kept, in SQL.</summary>
    public const string Kept = "interval '24 hours'";

    private const string Header = "Idempotency-Key";

    /// <summary>The key of a request that takes no fields: its body is empty or <c>{}</c>.</summary>
    /// <exception cref="ApiException">400 with every field.</exception>
    public static async Task<Idempotency?> OfBareAsync(HttpRequest request)
    {
        var body = await Requests.BodyAsync(request);
        Requests.RefuseFields(body);
        return From(request, body);
    }

    /// <summary>The request's, if it names a key.</summary>
    /// <exception cref="ApiException">400: the key is not one value of 1 to 255 visible ASCII characters.</exception>
    public static Idempotency? From(HttpRequest request, byte[] body)
    {
        var values = request.Headers[Header];
        if (values.Count == 0)
        {
            return null;
        }

        var key = values.Count == 1 ? values[0] ?? "" : "";
        if (key.Length is 0 or > 255 || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ApiException(ApiErrors.Invalid($"'{Header}' must be one value of 1 to 255 ASCII characters.", Header));
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}\n"));
        hash.AppendData(body);
        return new(key, hash.GetHashAndReset());
    }
}
