using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>A notice from the operator's key to a subscriber's server, whatever dies meanwhile.</summary>
[Collection<SharedCluster>]
public sealed class NotificationTests(SharedCluster shared) : IAsyncLifetime
{
    private readonly Cluster cluster = shared.Cluster;
    private readonly ConcurrentQueue<(string Id, string Type, string ObjectId, long Sequence, bool Signed)> received = [];
    private LoopbackServer receiver = null!;
    private string? secret;

    public async ValueTask InitializeAsync() => receiver = await LoopbackServer.StartAsync(ReceiveAsync);

    public ValueTask DisposeAsync() => receiver.DisposeAsync();

    [Fact]
    public async Task Every_acknowledged_window_arrives_with_one_id_though_the_sender_is_killed_again_and_again()
    {
        using var http = cluster.Http(cluster.ApiKey);
        var path = $"/{cluster.ProjectId}/v1/management/subscriptions";
        using var answer = await http.PostAsJsonAsync(path, new { channel = "webhook", target = receiver.Url, events = new[] { "maintenance.scheduled", "maintenance.cancelled" } });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var subscription = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        secret = (string)subscription["secret"]!;

        var acknowledged = new ConcurrentBag<string>();
        using var enough = new CancellationTokenSource();
        var writing = WriteAsync();
        for (var kill = 0; kill < 3; kill++)
        {
            await Task.Delay(700);
            await cluster.KillAsync("notificationservice");
            await cluster.StartInstanceAsync("notificationservice");
            await cluster.ReadyAsync("notificationservice");
        }

        await enough.CancelAsync();
        await writing;
        Assert.True(acknowledged.Count > 10, $"{acknowledged.Count} windows were written.");
        await Eventually.TrueAsync(
            () => acknowledged.All(id => Told(id, "maintenance.scheduled") && Told(id, "maintenance.cancelled")),
            "every acknowledged change arrives", seconds: 180); // what a killed sender had taken comes back after a minute

        Assert.All(received.GroupBy(message => (message.ObjectId, message.Type)), same => Assert.Single(same.Select(message => message.Id).Distinct()));
        Assert.All(received, message => Assert.True(message.Signed, message.Id));
        foreach (var window in received.GroupBy(message => message.ObjectId))
        {
            Assert.True(window.Where(m => m.Type == "maintenance.scheduled").Min(m => m.Sequence) < window.Where(m => m.Type == "maintenance.cancelled").Min(m => m.Sequence), window.Key);
        }

        using (var gone = await http.DeleteAsync($"{path}/{subscription["id"]}"))
        {
            Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        }

        bool Told(string id, string type) => received.Any(message => message.ObjectId == id && message.Type == type);

        async Task WriteAsync()
        {
            using var writer = cluster.Http(cluster.ApiKey);
            var windows = $"/{cluster.ProjectId}/v1/management/maintenance";
            while (!enough.IsCancellationRequested)
            {
                var start = DateTimeOffset.UtcNow.AddHours(1); // before what other tests list
                using var created = await writer.PostAsJsonAsync(windows, new { title = "Told to everybody", description = "", starts_at = start, ends_at = start.AddHours(1) });
                Assert.Equal(HttpStatusCode.Created, created.StatusCode); // the API does not notice what happens to the NotificationService
                var id = (string)JsonNode.Parse(await created.Content.ReadAsStringAsync())!["id"]!;
                using var cancelled = await writer.DeleteAsync($"{windows}/{id}");
                Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
                acknowledged.Add(id);
                await Task.Delay(100);
            }
        }
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var (id, timestamp) = (context.Request.Headers["webhook-id"].ToString(), context.Request.Headers["webhook-timestamp"].ToString());
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")), .. body.ToArray()];
        var signature = "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret!["whsec_".Length..]), signed));
        var message = JsonNode.Parse(body.ToArray())!;
        received.Enqueue((id, (string)message["type"]!, (string)message["data"]!["id"]!, (long)message["data"]!["sequence"]!, context.Request.Headers["webhook-signature"] == signature));
        context.Response.StatusCode = 204;
    }
}
