using Microsoft.AspNetCore.Components;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>The page's drawings, inline SVG of 24 units: one shape for each level, so that colour is never alone.</summary>
public static class Icons
{
    private const string Check = "<circle cx=\"12\" cy=\"12\" r=\"10\"/><path class=\"k\" d=\"m7.5 12.4 3.1 3.1 6-6.6\"/>";
    private const string Triangle = "<path d=\"M10.3 3.3a2 2 0 0 1 3.4 0l8 13.9a2 2 0 0 1-1.7 3H4a2 2 0 0 1-1.7-3z\"/><path class=\"k\" d=\"M12 9v4.6m0 3.1v.1\"/>";
    private const string Question = "<path d=\"M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20\"/><path class=\"k\" d=\"M9.2 9.4a2.9 2.9 0 1 1 4.3 2.5c-1 .6-1.5 1.1-1.5 2.1m0 2.9v.1\"/>";
    private const string Diamond = "<path d=\"M10.6 2.6a2 2 0 0 1 2.8 0l8 8a2 2 0 0 1 0 2.8l-8 8a2 2 0 0 1-2.8 0l-8-8a2 2 0 0 1 0-2.8z\"/><path class=\"k\" d=\"M8 12h8\"/>";
    private const string Octagon = "<path d=\"M8.3 2h7.4L22 8.3v7.4L15.7 22H8.3L2 15.7V8.3z\"/><path class=\"k\" d=\"m8.6 8.6 6.8 6.8m0-6.8-6.8 6.8\"/>";
    private const string Wrench = "<rect x=\"2\" y=\"2\" width=\"20\" height=\"20\" rx=\"6\"/><path class=\"k\" transform=\"rotate(45 12 12)\" d=\"M8.8 4.8v2.7a3.2 3.2 0 0 0 6.4 0V4.8M12 10.7v8.5\"/>";
    private const string Unplugged = "<path d=\"M7 4h10a5 5 0 0 1 5 5v6a5 5 0 0 1-5 5H7a5 5 0 0 1-5-5V9a5 5 0 0 1 5-5\"/><path class=\"k\" d=\"M6.5 12h3m2.5-3v6m2.5-3h3\"/>";

    /// <summary>The banner's icon of a level.</summary>
    public static MarkupString Of(OverallStatus level) => Svg(level switch
    {
        OverallStatus.Operational => Check,
        OverallStatus.Degraded => Triangle,
        OverallStatus.Unknown => Question,
        OverallStatus.PartialOutage => Diamond,
        OverallStatus.MajorOutage => Octagon,
        OverallStatus.Maintenance => Wrench,
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    });

    /// <summary>The small mark beside a component's state.</summary>
    public static MarkupString Of(ComponentStatus status) => Svg(status switch
    {
        ComponentStatus.Operational => Check,
        ComponentStatus.Degraded => Triangle,
        ComponentStatus.Outage => Octagon,
        ComponentStatus.Unknown => Question,
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    });

    /// <summary>The icon of a page that has lost its source.</summary>
    public static MarkupString Stale { get; } = Svg(Unplugged);

    /// <summary>The level's shape and colour as an address for the browser's tab; null for a stale page.</summary>
    public static string Favicon(OverallStatus? level)
    {
        var (shape, colour) = level switch
        {
            OverallStatus.Operational => (Check, "1a8a4a"),
            OverallStatus.Degraded => (Triangle, "b97300"),
            OverallStatus.Unknown => (Question, "6a7480"),
            OverallStatus.PartialOutage => (Diamond, "d4510c"),
            OverallStatus.MajorOutage => (Octagon, "c01d33"),
            OverallStatus.Maintenance => (Wrench, "2563c9"),
            _ => (Unplugged, "33383e"),
        };
        var svg = $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='#{colour}'><style>.k{{fill:none;stroke:#fff;stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round}}</style>{shape.Replace('"', '\'')}</svg>";
        return "data:image/svg+xml," + Uri.EscapeDataString(svg);
    }

    private static MarkupString Svg(string shape) => new($"<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">{shape}</svg>");
}
