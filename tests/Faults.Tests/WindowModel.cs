using System.Globalization;

namespace Xerotier.Faults.Tests;

/// <summary>What a client can see of a window, and changes of it.</summary>
internal sealed record WindowState(long Version, string Status, string Title, string Description)
{
    /// <summary>A window that is no more.</summary>
    public static readonly WindowState Purged = new(0, "purged", "", "");

    /// <summary>Whether it never changes again.</summary>
    public bool IsFinal => Status is "completed" or "cancelled";
}

/// <summary>A request for one window: a read, a purge, or a change of the fields that are not null.</summary>
internal sealed record WindowRequest(string Verb, string? Title = null, string? Description = null, string? Status = null, long? IfMatch = null, long? IfNoneMatch = null)
{
    public const string Read = "read", Change = "change", Purge = "purge";

    /// <summary>The product's promise for one client alone: the status of the response, and the window after it.</summary>
    public (int Status, WindowState After) Apply(WindowState window)
    {
        if (window == WindowState.Purged)
        {
            return (404, window);
        }

        if (IfMatch is { } expected && expected != window.Version)
        {
            return (412, window);
        }

        switch (Verb)
        {
            case Read:
                return (IfNoneMatch == window.Version ? 304 : 200, window);
            case Purge:
                return window.IsFinal ? (200, WindowState.Purged) : (409, window);
            default:
                var next = window with { Title = Title ?? window.Title, Description = Description ?? window.Description, Status = Status ?? window.Status };
                return next == window ? (200, window)
                    : window.IsFinal || (window.Status == "active" && next.Status == "scheduled") ? (409, window)
                    : (200, next with { Version = window.Version + 1 });
        }
    }
}

/// <summary>A request that a client sent, and what it knows of the outcome.</summary>
/// <param name="Client">Who, and by which Gateway.</param>
/// <param name="Request">What it asked for.</param>
/// <param name="Invoked">When, by a monotonic clock.</param>
/// <param name="Returned">When the response was there.</param>
/// <param name="Status">The response's status; null when the outcome is unknown.</param>
/// <param name="Window">The window that the response shows, if it shows one.</param>
internal sealed record WindowOperation(string Client, WindowRequest Request, long Invoked, long Returned, int? Status, WindowState? Window)
{
    /// <summary>The operation as <see cref="Linearizability"/> takes it.</summary>
    public Operation<WindowState> ForCheck() => new(Invoked, Status is null ? null : Returned, Step);

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Invoked}-{Returned} {Client}: {Request} → {(Status is null ? "unknown" : Window is null ? $"{Status}" : $"{Status} {Window}")}");

    private WindowState? Step(WindowState window)
    {
        var (status, after) = Request.Apply(window);
        return Status is null || (Status == status && (Window is null || Window == after)) ? after : null;
    }
}
