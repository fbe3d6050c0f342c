using System.ComponentModel.DataAnnotations;

namespace Xerotier.Contracts;

/// <summary>One page of a list.</summary>
/// <typeparam name="T">What it lists.</typeparam>
public sealed record ListPage<T>
{
    /// <summary>The object's type, always <c>list</c>.</summary>
    /// <example>"list"</example>
    [AllowedValues("list")]
    public string Object { get; } = "list";

    /// <summary>The items of this page.</summary>
    public required IReadOnlyList<T> Data { get; init; }

    /// <summary>ID of the first item; null when the page is empty.</summary>
    /// <example>null</example>
    public required string? FirstId { get; init; }

    /// <summary>ID of the last item: send it as <c>after</c> to get the next page. Null when the page is empty.</summary>
    /// <example>null</example>
    public required string? LastId { get; init; }

    /// <summary>Whether more items follow.</summary>
    /// <example>false</example>
    public required bool HasMore { get; init; }
}

/// <summary>Makes pages of lists.</summary>
public static class ListPage
{
    /// <summary>The first <paramref name="limit"/> of <paramref name="found"/>, which holds one item more where more follow.</summary>
    /// <typeparam name="T">What the page lists.</typeparam>
    /// <param name="found">Up to <paramref name="limit"/> + 1 items.</param>
    /// <param name="limit">Most items of a page.</param>
    /// <param name="id">The ID of an item.</param>
    public static ListPage<T> Of<T>(IReadOnlyList<T> found, int limit, Func<T, string> id)
    {
        IReadOnlyList<T> data = found.Count > limit ? [.. found.Take(limit)] : found;
        return new()
        {
            Data = data,
            FirstId = data.Count > 0 ? id(data[0]) : null,
            LastId = data.Count > 0 ? id(data[^1]) : null,
            HasMore = found.Count > limit,
        };
    }
}
