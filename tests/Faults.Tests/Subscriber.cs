using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>What somebody is told: an event of a window, or of an incident with the text of the update that it is about.</summary>
internal readonly record struct Told(string Type, string Object, string Update = "");

/// <summary>Webhooks of the project whose windows are written, and of the one whose incidents are: they are always there, so they must hear of each change that was acknowledged.</summary>
internal sealed class Subscriber : IAsyncDisposable
{
    /// <summary>Three times as long as a message stays with a sender that has died.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<Told, ConcurrentDictionary<string, bool>> heard = new(); // → webhook-ids
    private readonly List<(string Path, string Key)> subscriptions = [];
    private readonly Cluster cluster;
    private LoopbackServer server = null!;

    private Subscriber(Cluster cluster) => this.cluster = cluster;

    /// <summary>Starts it and subscribes for the project of <paramref name="cluster"/> and for <paramref name="platform"/>, a project of the platform.</summary>
    public static async Task<Subscriber> StartAsync(Cluster cluster, (string Id, string Key) platform)
    {
        var subscriber = new Subscriber(cluster);
        subscriber.server = await LoopbackServer.StartAsync(subscriber.ReceiveAsync);
        await SubscribeAsync((cluster.ProjectId, cluster.ApiKey), "maintenance.scheduled", "maintenance.completed", "maintenance.cancelled");
        await SubscribeAsync(platform, "incident.created", "incident.updated", "incident.resolved");
        return subscriber;

        async Task SubscribeAsync((string Id, string Key) project, params string[] events)
        {
            using var http = cluster.Http(project.Key);
            using var subscribed = await http.PostAsJsonAsync(
                $"/{project.Id}/v1/management/subscriptions", new { channel = "webhook", target = subscriber.server.Url, events });
            Assert.Equal(HttpStatusCode.Created, subscribed.StatusCode);
            using var subscription = JsonDocument.Parse(await subscribed.Content.ReadAsStringAsync());
            subscriber.subscriptions.Add(($"/{project.Id}/v1/management/subscriptions/{subscription.RootElement.GetProperty("id").GetString()}", project.Key));
        }
    }

    /// <summary>Waits until it has heard of <paramref name="changes"/>, each of which is another.</summary>
    /// <returns>Promises that were broken.</returns>
    public async Task<IReadOnlyList<string>> VerifyAsync(IReadOnlyCollection<Told> changes)
    {
        // Messages come one after the other: after a long run there may be many to come, but they must come.
        var (atOnce, watch, last) = (changes.Count(heard.ContainsKey), Stopwatch.StartNew(), Stopwatch.StartNew());
        for (var told = atOnce; told < changes.Count && last.Elapsed < Patience;)
        {
            await Task.Delay(100);
            if (changes.Count(heard.ContainsKey) is var now && now > told)
            {
                told = now;
                last.Restart();
            }
        }

        Console.WriteLine($"{atOnce} of {changes.Count} changes were told at once, {changes.Count(heard.ContainsKey)} within {watch.Elapsed.TotalSeconds:0.0} s");
        var messages = changes.All(heard.ContainsKey) ? null : await MessagesAsync();
        return
        [
            .. changes.Where(change => !heard.ContainsKey(change)).Select(change =>
                $"acknowledged and not told, although nothing else was for {Patience.TotalMinutes} min: {change}; {string.Join(", ", messages![change.Object].DefaultIfEmpty("there is no message"))}"),
            .. heard.Where(change => change.Value.Count > 1).Select(change => $"told with {change.Value.Count} ids: {change.Key}"),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (path, key) in subscriptions)
        {
            using var http = cluster.Http(key);
            http.Timeout = TimeSpan.FromSeconds(5);
            try
            {
                using var unsubscribed = await http.DeleteAsync(path);
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                // the test has ended in the middle of a fault
            }
        }

        await server.DisposeAsync();
    }

    /// <summary>What the API says of the messages of each object.</summary>
    private async Task<ILookup<string, string>> MessagesAsync()
    {
        var messages = new List<(string Object, string Json)>();
        foreach (var (path, key) in subscriptions)
        {
            using var http = cluster.Http(key);
            messages.AddRange((await http.ListAsync($"{path}/deliveries")).Select(message => (message.GetProperty("object_id").GetString()!, message.GetRawText())));
        }

        return messages.ToLookup(message => message.Object, message => message.Json);
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var message = await JsonDocument.ParseAsync(context.Request.Body);
        var data = message.RootElement.GetProperty("data");
        var update = data.TryGetProperty("updates", out var updates) ? updates.EnumerateArray().Last().GetProperty("body").GetString()! : "";
        heard.GetOrAdd(new(message.RootElement.GetProperty("type").GetString()!, data.GetProperty("id").GetString()!, update), _ => new())[context.Request.Headers["webhook-id"].ToString()] = true;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
