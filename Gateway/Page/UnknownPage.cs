using System.Text;
using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.Gateway.Page;

/// <summary>The page of a Gateway that has never received one: the status is unknown.</summary>
internal static class UnknownPage
{
    /// <summary>Makes the page of a Gateway that has waited since <paramref name="since"/>; <paramref name="text"/> is that time as the page shows it.</summary>
    public static PageDocuments Make(DateTimeOffset since, string text)
    {
        var at = since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ");
        var html = $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Status Unknown · Xerotier Status</title>
            <style>
            :root { color-scheme: light dark; }
            body { font: 1rem/1.5 system-ui, sans-serif; max-width: 47rem; margin: 3rem auto; padding: 0 1rem; }
            section { display: flex; gap: 1rem; align-items: flex-start; border: 2px solid; border-radius: .5rem; padding: 1rem; }
            svg { flex: none; margin-top: .3rem; }
            h1 { font-size: 1rem; } h2, p { margin: 0; }
            </style>
            </head>
            <body data-status="unknown">
            <header><h1>Xerotier Status</h1></header>
            <main>
            <section aria-label="Overall status">
            <svg width="28" height="28" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><circle cx="12" cy="12" r="10"/><path d="M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.1-1.5 2.4M12 17.5v.5"/></svg>
            <div>
            <h2>Status Unknown</h2>
            <p>Live data is unavailable since <time datetime="{{at}}">{{text}}</time>, and nothing has been received before. With scripts it shows the status as soon as there is one.</p>
            </div>
            </section>
            </main>
            <script>
            setInterval(async () => {
              const answer = await fetch(location.href, { cache: 'no-cache' }).catch(() => null);
              if (answer?.ok && !(await answer.text()).includes('data-status="unknown"')) location.reload();
            }, 5000);
            </script>
            </body>
            </html>

            """;
        var second = since.AddTicks(-(since.Ticks % TimeSpan.TicksPerSecond));
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new StatusDocument
            {
                GeneratedAt = second,
                StaleSince = second,
                Overall = new() { Key = OverallKey.Unknown, Label = "Status Unknown" },
                Indicators = [],
                Incidents = [],
                OpenIncidentsTotal = 0,
                Windows = new() { Unavailable = true, UnavailableSince = null, Active = [], ActiveTotal = 0, Scheduled = [], ScheduledTotal = 0, Recent = [] },
            },
            ContractsJson.Wire.StatusDocument);
        return new(PreparedDocument.Html(Encoding.UTF8.GetBytes(html)), PreparedDocument.Json(json));
    }
}
