using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>A webhook of the project whose windows are written: it is always there, so it must hear of each window that was acknowledged.</summary>
internal sealed class Subscriber : IAsyncDisposable
{
    /// <summary>Three times as long as a message stays with a sender that has died.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> heard = new(); // window → webhook-ids
    private readonly WebApplication app;

    private Subscriber(WebApplication app) => this.app = app;

    /// <summary>Starts it and subscribes.</summary>
    public static async Task<Subscriber> StartAsync(Cluster cluster)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var subscriber = new Subscriber(builder.Build());
        subscriber.app.Run(subscriber.ReceiveAsync);
        await subscriber.app.StartAsync();
        using var http = cluster.Http(cluster.ApiKey);
        using var subscribed = await http.PostAsJsonAsync(
            $"/{cluster.ProjectId}/v1/management/subscriptions", new { channel = "webhook", target = subscriber.app.Urls.Single(), events = new[] { "maintenance.scheduled" } });
        Assert.Equal(HttpStatusCode.Created, subscribed.StatusCode);
        return subscriber;
    }

    /// <summary>Waits until it has heard of <paramref name="windows"/>.</summary>
    /// <returns>Promises that were broken.</returns>
    public async Task<IReadOnlyList<string>> VerifyAsync(IReadOnlyCollection<string> windows)
    {
        for (var until = DateTime.UtcNow + Patience; DateTime.UtcNow < until && !windows.All(heard.ContainsKey);)
        {
            await Task.Delay(100);
        }

        return
        [
            .. windows.Where(window => !heard.ContainsKey(window)).Select(window => $"acknowledged and not told within {Patience.TotalMinutes} min: {window}"),
            .. heard.Where(window => window.Value.Count > 1).Select(window => $"told with {window.Value.Count} ids: {window.Key}"),
        ];
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var message = await JsonDocument.ParseAsync(context.Request.Body);
        heard.GetOrAdd(message.RootElement.GetProperty("data").GetProperty("id").GetString()!, _ => new())[context.Request.Headers["webhook-id"].ToString()] = true;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
