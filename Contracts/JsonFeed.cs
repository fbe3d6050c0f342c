using System.ComponentModel.DataAnnotations;

namespace Xerotier.Contracts;

/// <summary>The updates as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/).</summary>
public sealed record JsonFeed
{
    /// <summary>The version of the format.</summary>
    /// <example>"https://jsonfeed.org/version/1.1"</example>
    [AllowedValues("https://jsonfeed.org/version/1.1")]
    public string Version { get; } = "https://jsonfeed.org/version/1.1";

    /// <summary>The feed's title.</summary>
    /// <example>"Xerotier Status: Updates"</example>
    public required string Title { get; init; }

    /// <summary>The page that it is of.</summary>
    /// <example>"https://status.example.com/status"</example>
    public required string HomePageUrl { get; init; }

    /// <summary>The feed's own address.</summary>
    /// <example>"https://status.example.com/status/updates.json"</example>
    public required string FeedUrl { get; init; }

    /// <summary>The newest entries first, at most 50.</summary>
    public required IReadOnlyList<JsonFeedItem> Items { get; init; }
}

/// <summary>An update of an incident, or a step of maintenance.</summary>
public sealed record JsonFeedItem
{
    /// <summary>Its ID, which stays when the address of the page changes.</summary>
    /// <example>"tag:0197a3c2d1e47f0b9a6c5d4e3f2a1b0c.invalid,2026:upd_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>Where to read of it.</summary>
    /// <example>"https://status.example.com/status/incidents/inc_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Url { get; init; }

    /// <summary>Its title.</summary>
    /// <example>"Monitoring: Elevated errors in us-east"</example>
    public required string Title { get; init; }

    /// <summary>What it says, as HTML.</summary>
    /// <example>"&lt;p>A fix is in place.&lt;/p>"</example>
    public required string ContentHtml { get; init; }

    /// <summary>When it was posted.</summary>
    /// <example>"2026-05-22T14:21:07Z"</example>
    public required DateTimeOffset DatePublished { get; init; }

    /// <summary>When it was edited last, or else posted.</summary>
    /// <example>"2026-05-22T14:21:07Z"</example>
    public required DateTimeOffset DateModified { get; init; }
}
