using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Xerotier.Contracts;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>The query parameters that every list has.</summary>
/// <param name="Limit">The longest page.</param>
/// <param name="After">The id after which the page starts.</param>
public sealed record ListQuery(int Limit, string? After)
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    /// <summary>Reads <c>limit</c> and <c>after</c>, after the list's own parameters.</summary>
    /// <exception cref="ApiException">400 with every wrong parameter.</exception>
    public static ListQuery From(QueryFields fields)
    {
        var list = new ListQuery(fields.Limit(DefaultLimit, MaxLimit), fields.One("after", after => after.Length > 0, "one id"));
        fields.ThrowIfInvalid();
        return list;
    }

    /// <summary>400: the cursor names nothing that this list has ever held.</summary>
    public static ApiException UnknownCursor() => new(ApiErrors.Invalid("'after' names nothing in this list.", "after"));

    /// <summary>When the object of <see cref="After"/> starts, which is its place in a list by start; null: the page is the first.</summary>
    /// <param name="prefix">How the ids of the list's objects begin.</param>
    /// <param name="find">The start of an object; null when the project never had it.</param>
    /// <exception cref="ApiException">400: the cursor names nothing that this list has ever held.</exception>
    public async Task<DateTimeOffset?> StartAsync(string prefix, Func<string, Task<DateTimeOffset?>> find) =>
        After is null ? null : (Id.IsWellFormed(prefix, After) ? await find(After) : null) ?? throw UnknownCursor();

    /// <summary>A page of an object's changes, newest first.</summary>
    /// <param name="request">The request: <c>limit</c>, and <c>after</c> with the id of an event.</param>
    /// <param name="objectId">The object.</param>
    /// <param name="read">Reads up to so many changes before a version; none when there has never been such an object.</param>
    /// <param name="id">An event's id.</param>
    /// <param name="type">The events' shape on the wire.</param>
    /// <exception cref="ApiException">404: there has never been such an object. 400.</exception>
    public static async Task<ApiResponse> OfEventsAsync<T>(
        HttpRequest request, string objectId, Func<long, int, Task<List<T>>> read, Func<T, string> id, JsonTypeInfo<ListPage<T>> type)
    {
        var query = From(new(request.Query));
        var before = long.MaxValue;
        if (query.After is { } after)
        {
            before = VersionOf(after, objectId) ?? throw UnknownCursor();
        }

        var found = await read(before, query.Limit + 1);
        return found.Count > 0 || (query.After is not null && await read(long.MaxValue, 1) is [_, ..])
            ? ApiResponse.Page(found, query.Limit, id, type)
            : throw new ApiException(ApiErrors.NotFound());
    }

    /// <summary>The version in <paramref name="eventId"/>, which must be that of an event of <paramref name="objectId"/>.</summary>
    private static long? VersionOf(string eventId, string objectId) =>
        eventId.Length > objectId.Length
        && eventId.StartsWith(objectId, StringComparison.Ordinal)
        && eventId[objectId.Length] == '.'
        && long.TryParse(eventId.AsSpan(objectId.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : null;
}
