using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>A message as it arrived.</summary>
public sealed record Received(string Path, string? Id, string? Timestamp, string? Signature, byte[] Body)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    public string Type => Json["type"]!.GetValue<string>();

    public long Sequence => Json["data"]!["sequence"]!.GetValue<long>();
}

/// <summary>A real HTTP server on loopback that takes messages.</summary>
public sealed class Receiver : IAsyncDisposable
{
    private LoopbackServer server = null!;

    private Receiver()
    {
    }

    /// <summary>Answers a message with a status; by default 204.</summary>
    public Func<Received, HttpContext, Task<int>> Answer { get; set; } = (_, _) => Task.FromResult(204);

    /// <summary>Every message, in the order of arrival.</summary>
    public ConcurrentQueue<Received> Messages { get; } = [];

    public string Url => server.Url;

    public static async Task<Receiver> StartAsync()
    {
        var receiver = new Receiver();
        receiver.server = await LoopbackServer.StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var headers = context.Request.Headers;
            var received = new Received(context.Request.Path, headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body.ToArray());
            receiver.Messages.Enqueue(received);
            context.Response.StatusCode = await receiver.Answer(received, context);
        });
        return receiver;
    }

    /// <summary>The messages to a path.</summary>
    public List<Received> At(string path) => [.. Messages.Where(message => message.Path == path)];

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
