using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Visits;

/// <summary>What stands in a form: what was typed, or what is to be edited, and what is wrong with it. Nothing that was typed is lost on the way back.</summary>
public sealed class FormValues
{
    private static readonly object Key = new();

    private readonly Dictionary<string, StringValues> values;
    private readonly Dictionary<string, string> wrong = new(StringComparer.Ordinal);

    private FormValues(Dictionary<string, StringValues> values) => this.values = values;

    /// <summary>The field with <see cref="Version"/>.</summary>
    public const string VersionField = "version";

    /// <summary>The field with the key by which the API knows a second sending of the same form.</summary>
    public const string IdempotencyField = "idempotency";

    /// <summary>The field by which somebody goes back from a question to the form.</summary>
    public const string BackField = "back";

    /// <summary>The field by which the script says that it asks for the preview alone: nothing else of the page is read.</summary>
    public const string PreviewAloneField = "preview_alone";

    /// <summary>What is wrong with the whole, as a sentence; null: nothing.</summary>
    public string? Problem { get; set; }

    /// <summary>The status of a page with the form: 200, or that of what is wrong.</summary>
    public int Status { get; private set; } = StatusCodes.Status200OK;

    /// <summary>Whether something is wrong.</summary>
    public bool HasErrors => Problem is not null || wrong.Count > 0;

    /// <summary>Whether the form met a newer version than it was made of, which is to be shown beside it.</summary>
    public bool MetNewer => Status == StatusCodes.Status412PreconditionFailed;

    /// <summary>Whether somebody came back from a question, and the form is to be shown again.</summary>
    public bool GoesBack => IsOn(BackField);

    /// <summary>What is wrong with each field.</summary>
    public IReadOnlyDictionary<string, string> Wrong => wrong;

    /// <summary>All names with their values.</summary>
    public IEnumerable<KeyValuePair<string, StringValues>> All => values;

    /// <summary>A form that is shown for the first time.</summary>
    public static FormValues Of(params IEnumerable<(string Name, StringValues Value)> initial) => new(initial.ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal));

    /// <summary>Reads what was sent.</summary>
    public static async Task<FormValues> ReadAsync(HttpRequest request)
    {
        var reader = new FormPipeReader(request.BodyReader) { ValueLengthLimit = 256 * 1024, KeyLengthLimit = 256, ValueCountLimit = 2000 };
        try
        {
            var fields = await reader.ReadFormAsync(request.HttpContext.RequestAborted);
            foreach (var (name, value) in fields.Where(field => field.Value.Any(one => one!.Contains('\r', StringComparison.Ordinal))).ToList())
            {
                fields[name] = new([.. value.Select(one => one!.Replace("\r\n", "\n", StringComparison.Ordinal))]); // so browsers end lines, and the API has them otherwise
            }

            var sent = new FormValues(fields);
            request.HttpContext.Items[Key] = sent;
            return sent;
        }
        catch (InvalidDataException)
        {
            throw new ApiException(ApiErrors.PayloadTooLarge);
        }
    }

    /// <summary>What was sent with a request and has been read; null: nothing.</summary>
    public static FormValues? SentWith(HttpContext http) => http.Items[Key] as FormValues;

    /// <summary>The one value of a field; empty: it has none.</summary>
    public string this[string name] => values.TryGetValue(name, out var value) && value.Count > 0 ? value[0] ?? "" : "";

    /// <summary>The version that the form was made of, for <c>If-Match</c>; null: it names none.</summary>
    public string? Version => this[VersionField] is { Length: > 0 } version ? version : null;

    /// <summary>All values of a field.</summary>
    public IReadOnlyList<string> AllOf(string name) => values.TryGetValue(name, out var all) ? [.. all.OfType<string>()] : [];

    /// <summary>Whether a box is ticked.</summary>
    public bool IsOn(string name) => this[name].Length > 0;

    /// <summary>Whether the field was sent or set.</summary>
    public bool Has(string name) => values.ContainsKey(name);

    /// <summary>Sets a field.</summary>
    public void Set(string name, StringValues value) => values[name] = value;

    /// <summary>Takes over the version that is shown beside the form, if it met a newer one: saving again replaces what was seen. Else it stays the one that the form was made of.</summary>
    public void TakeNewer(string? version)
    {
        if (MetNewer)
        {
            Set(VersionField, version);
        }
    }

    /// <summary>Takes over what a text is saved as now, if the form met a newer version: what nobody typed becomes that, and from there it changes if it is saved again.</summary>
    /// <param name="name">The field.</param>
    /// <param name="saved">What it is saved as.</param>
    public void TakeNewer(string name, string saved)
    {
        if (MetNewer)
        {
            Set(name, IsAsMade(name) ? saved : this[name]);
            Set(Was(name), saved);
        }
    }

    /// <summary>Whether a text is still what the form was made of.</summary>
    public bool IsAsMade(string name) => this[name] == this[Was(name)];

    /// <summary>What is wrong with a field; null: nothing.</summary>
    public string? ErrorOf(string name) => wrong.GetValueOrDefault(name);

    /// <summary>The ids of what is said of a field, for <c>aria-describedby</c>; null: nothing is.</summary>
    /// <param name="name">The field.</param>
    /// <param name="hasHint">Whether it has a hint.</param>
    public string? DescriptionOf(string name, bool hasHint) => (hasHint, ErrorOf(name) is not null) switch
    {
        (false, false) => null,
        (false, true) => $"{name}-error",
        (true, false) => $"{name}-hint",
        _ => $"{name}-hint {name}-error",
    };

    /// <summary>Says what is wrong with a field.</summary>
    public void Fail(string name, string sentence)
    {
        wrong.TryAdd(name, sentence);
        Status = StatusCodes.Status400BadRequest;
    }

    /// <summary>Takes over what the API says is wrong, for the form to be shown again. What is about no field of <paramref name="fields"/> is about the whole.</summary>
    /// <param name="error">The API's error.</param>
    /// <param name="fields">The fields of the form by the API's names of them.</param>
    /// <param name="renamed">The form's own names of those that it calls otherwise.</param>
    /// <exception cref="ApiException">The error is not about what was entered.</exception>
    public void Refuse(ApiError error, IReadOnlyCollection<string> fields, IReadOnlyDictionary<string, string>? renamed = null)
    {
        if (error.Code is "session_expired")
        {
            throw new ApiException(error);
        }

        var rest = new List<string>();
        foreach (var one in error.Errors ?? [new() { Param = error.Param ?? "", Code = error.Code, Message = error.Message }])
        {
            var field = one.Param.Split('[', '.')[0];
            if (fields.Contains(field))
            {
                Fail(renamed?.GetValueOrDefault(one.Param) ?? renamed?.GetValueOrDefault(field) ?? field, one.Message);
            }
            else
            {
                rest.Add(one.Message);
            }
        }

        Problem ??= rest.Count == 0 ? null
            : error.Status == StatusCodes.Status412PreconditionFailed ? "Somebody saved a newer version meanwhile. What you entered is below, beside what is saved now: saving again replaces that."
            : string.Join(' ', rest);
        Status = error.Status;
        if (error.Code == "idempotency_conflict")
        {
            Set(IdempotencyField, NewIdempotencyKey()); // what is changed now is another request
        }
    }

    /// <summary>A key for <see cref="IdempotencyField"/>.</summary>
    public static string NewIdempotencyKey() => Guid.NewGuid().ToString("N");

    /// <summary>The hidden field with what a field was made of: the instant of a time, or a text that is not sent where nobody typed another.</summary>
    public static string Was(string name) => $"was_{name}";

    /// <summary>Reads a local time of the form's own zone (its field <c>zone</c>).</summary>
    /// <returns>The instant; null: nothing was entered, or it is wrong, which the form then says.</returns>
    public DateTimeOffset? Time(string name)
    {
        if (this[name].Trim().Length == 0)
        {
            return null;
        }

        if (Zone.Find(this["zone"]) is not { } zone)
        {
            Fail("zone", "Choose a time zone, such as Europe/Berlin or UTC.");
            return null;
        }

        // A field shows whole seconds: one that nobody touched keeps what it was made of.
        if (DateTimeOffset.TryParse(this[Was(name)], CultureInfo.InvariantCulture, out var was) && zone.ToField(was) == this[name])
        {
            return was;
        }

        var (time, sentence) = zone.Read(this[name]);
        if (sentence is not null)
        {
            Fail(name, sentence);
        }

        return time;
    }

    /// <summary>Whether a time that was edited is another one than the form was made of.</summary>
    public bool IsMoved(string name) => !DateTimeOffset.TryParse(this[Was(name)], CultureInfo.InvariantCulture, out var was) || Time(name) != was;

    /// <summary>The lines or comma-separated parts of a field, without empty ones.</summary>
    public IReadOnlyList<string> List(string name) => this[name].Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The values whose boxes are ticked, and those that were entered beside them.</summary>
    /// <param name="ticked">The boxes' field.</param>
    /// <param name="entered">The field with others.</param>
    public IReadOnlyList<string> AllOf(string ticked, string entered) => [.. AllOf(ticked).Union(List(entered), StringComparer.Ordinal)];
}
