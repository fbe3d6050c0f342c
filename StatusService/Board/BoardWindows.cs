using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>The maintenance windows of one feed, as the page and the history need them.</summary>
/// <param name="Active">The active windows that end first.</param>
/// <param name="ActiveTotal">How many are active.</param>
/// <param name="Scheduled">The scheduled windows that start first.</param>
/// <param name="ScheduledTotal">How many are scheduled.</param>
/// <param name="Recent">The newest windows by start, in every state.</param>
/// <param name="Platform">Every active window of a platform project.</param>
public sealed record BoardWindows(
    IReadOnlyList<PageWindow> Active,
    int ActiveTotal,
    IReadOnlyList<PageWindow> Scheduled,
    int ScheduledTotal,
    IReadOnlyList<PageWindow> Recent,
    IReadOnlyList<PlatformWindow> Platform)
{
    /// <summary>How many active and how many scheduled windows the page shows (product.md section 3). Of the others it says how many there are.</summary>
    public const int Noticed = 10;

    private static readonly JsonTypeInfo<BoardWindows> Stored = ContractsJson.FromAnyVersion(WindowsJson.Default.Options, WindowsJson.Default.BoardWindows);

    /// <summary>The public part of <paramref name="notices"/>.</summary>
    public static BoardWindows From(NoticeLists notices) => new(
        [.. notices.Active.Take(Noticed).Select(w => w.Value.ToPublic())],
        notices.ActiveTotal,
        [.. notices.Scheduled.Take(Noticed).Select(w => w.Value.ToPublic())],
        notices.ScheduledTotal,
        [.. notices.Recent.Select(w => w.Value.ToPublic())],
        [.. notices.PlatformActive.Select(PlatformWindow.From)]);

    /// <summary>Whether an active window of a platform project covers <paramref name="component"/> at <paramref name="at"/>.</summary>
    public bool Cover(Component component, DateTimeOffset at) => Platform.Any(window => window.Covers(component, at));

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static BoardWindows FromJson(string json) => JsonSerializer.Deserialize(json, Stored)!;

    /// <summary>The windows as they are stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, WindowsJson.Default.BoardWindows);
}

/// <summary>All notices, and when they were last live.</summary>
public sealed record HeardNotices(BoardWindows Windows, Announcements Announced, DateTimeOffset At);

/// <summary>When and for what an active window of a platform project marks history as maintenance.</summary>
/// <param name="StartsAt">Start.</param>
/// <param name="EndsAt">End, exclusive.</param>
/// <param name="AffectedServices">The names of the affected components; empty: all of them.</param>
public sealed record PlatformWindow(DateTimeOffset StartsAt, DateTimeOffset EndsAt, IReadOnlyList<string> AffectedServices)
{
    /// <summary>The window of a feed.</summary>
    public static PlatformWindow From(Window window) => new(window.Value.StartsAt, window.Value.EndsAt, window.Value.AffectedServices);

    /// <summary>Whether it covers <paramref name="component"/> at <paramref name="at"/>.</summary>
    public bool Covers(Component component, DateTimeOffset at) => StartsAt <= at && at < EndsAt && component.IsAffectedBy(AffectedServices);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BoardWindows))]
internal sealed partial class WindowsJson : JsonSerializerContext;
