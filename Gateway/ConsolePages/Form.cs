using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.ConsolePages;

/// <summary>A form of the console, with the bytes that it was sent as.</summary>
internal sealed class Form
{
    private readonly Dictionary<string, StringValues> fields;

    private Form(byte[] bytes, Dictionary<string, StringValues> fields) => (Bytes, this.fields) = (bytes, fields);

    /// <summary>The bytes.</summary>
    public byte[] Bytes { get; }

    /// <summary>The field's value; null: it is not there, or more than once.</summary>
    public string? this[string field] => fields.TryGetValue(field, out var values) && values is [{ } one] ? one : null;

    /// <summary>All fields.</summary>
    public IReadOnlyDictionary<string, StringValues> Fields => fields;

    /// <summary>Reads the body of a request, which <see cref="RequestValidation"/> found to be a form.</summary>
    /// <exception cref="ApiException">413: too long. 400: it is no form.</exception>
    public static async Task<Form> ReadAsync(Call call)
    {
        var bytes = await Requests.BytesAsync(call.Http.Request, (int)call.Route.MaxBody!);
        try
        {
            using var reader = new FormReader(Encoding.UTF8.GetString(bytes)) { KeyLengthLimit = bytes.Length + 1, ValueLengthLimit = bytes.Length + 1 };
            return new(bytes, reader.ReadForm());
        }
        catch (InvalidDataException)
        {
            throw new ApiException(ApiErrors.Invalid("The body is no form."));
        }
    }

    /// <summary>Whether it carries what only a page of the session with <paramref name="secret"/> knows.</summary>
    public bool IsOf(string secret) =>
        this[ConsoleSession.CsrfField] is { } sent && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), Encoding.UTF8.GetBytes(ConsoleSession.CsrfToken(secret)));
}
