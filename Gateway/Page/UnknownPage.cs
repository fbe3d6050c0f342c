using System.Text;
using System.Text.Json;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>The page of a Gateway that has never received one: the status is unknown.</summary>
internal static class UnknownPage
{
    private const string Shape = "<path d='M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20'/><path class='k' d='M9.2 9.4a2.9 2.9 0 1 1 4.3 2.5c-1 .6-1.5 1.1-1.5 2.1m0 2.9v.1'/>";

    private static readonly string Icon = "data:image/svg+xml," + Uri.EscapeDataString(
        $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='#7d8793'><style>.k{{fill:none;stroke:#fff;stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round}}</style>{Shape}</svg>");

    /// <summary>Makes the page of a Gateway that has waited for its first one since <paramref name="loss"/>; <paramref name="isDemo"/>: of a demo.</summary>
    public static DocumentSet Make(Brand brand, bool isDemo, Loss loss)
    {
        var html = $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>{{PageShell.Head(brand, new((isDemo ? DemoMark.Prefix : "") + "Status Unknown", Icon, "Live status, 90 days of history and planned maintenance.", "/status", "/status/og/unknown.png"))}}</head>
            <body data-status="unknown">
            {{(isDemo ? DemoMark.Strip : "")}}
            {{PageShell.Header(brand)}}
            <main>
            <section role="status">
            <div class="hero unknown">
            <svg viewBox="0 0 24 24" aria-hidden="true">{{Shape}}</svg>
            <h1>Status Unknown</h1>
            <p>Live data has been unavailable since <time datetime="{{loss.Instant}}">{{loss.Text}}</time>, and nothing has been received before. The status appears here as soon as it is known.<noscript> Reload the page to look again.</noscript></p>
            </div>
            </section>
            </main>
            <script>
            setInterval(async () => {
              const response = await fetch(location.href, { cache: 'no-cache' }).catch(() => null);
              if (response?.ok && !(await response.text()).includes('data-status="unknown"')) location.reload();
            }, 5000);
            </script>
            </body>
            </html>

            """;
        var second = loss.Since.AddTicks(-(loss.Since.Ticks % TimeSpan.TicksPerSecond));
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new StatusDocument
            {
                GeneratedAt = second,
                StaleSince = second,
                Demo = isDemo,
                Overall = new() { Key = OverallKey.Unknown, Label = "Status Unknown" },
                Indicators = [],
                Incidents = [],
                OpenIncidentsTotal = 0,
                Windows = new() { Unavailable = true, UnavailableSince = null, Active = [], ActiveTotal = 0, Scheduled = [], ScheduledTotal = 0, Recent = [] },
            },
            ContractsJson.Wire.StatusDocument);
        return new(PreparedDocument.Html(Encoding.UTF8.GetBytes(html)), PreparedDocument.Json(json), DocumentSet.NoOthers);
    }
}
