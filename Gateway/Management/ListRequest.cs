using System.Text.Json.Serialization.Metadata;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.Management;

/// <summary>The query of a list: <c>?limit=</c> 1 to 100 (20) and <c>?after=</c> an id.</summary>
/// <param name="Limit">How many items.</param>
/// <param name="After">The id after which they start.</param>
internal readonly record struct ListRequest(int Limit, string? After)
{
    /// <summary>Reads the query.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isId">Whether a text is an id; null: of letters, digits and <c>_</c>.</param>
    /// <exception cref="ApiException">400: a parameter is wrong.</exception>
    public static ListRequest Of(HttpRequest request, Func<string, bool>? isId = null)
    {
        var query = new QueryFields(request.Query);
        var list = new ListRequest(
            query.Limit(byDefault: 20, max: 100),
            query.One("after", id => id.Length is > 0 and <= 128 && (isId?.Invoke(id) ?? id.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')), "an id"));
        query.ThrowIfInvalid();
        return list;
    }

    /// <summary>Writes a page of the list; <paramref name="items"/> holds one more than asked for where there are more.</summary>
    public Task WriteAsync<T>(HttpContext context, List<T> items, Func<T, string> id, JsonTypeInfo<ListPage<T>> type) =>
        Responses.WriteJsonAsync(context, 200, ListPage.Of(items, Limit, id), type);
}
