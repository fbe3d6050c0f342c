using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Xerotier.NotificationService.Tests.Sending;

/// <summary>A request as it arrived.</summary>
internal sealed record SentMessage(string Method, string Path, byte[] Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>A real server on loopback, of http or https, that takes messages.</summary>
internal sealed class MessageTarget : IAsyncDisposable
{
    private readonly WebApplication app;

    private MessageTarget(WebApplication app) => this.app = app;

    /// <summary>How it answers; by default 200.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<SentMessage> Messages { get; } = new();

    public string Url => app.Urls.Single();

    public int Port => new Uri(Url).Port;

    public static async Task<MessageTarget> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint =>
        {
            if (certificate is not null)
            {
                endpoint.UseHttps(certificate);
            }
        }));
        var app = builder.Build();
        var receiver = new MessageTarget(app);
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            receiver.Messages.Enqueue(new(context.Request.Method, context.Request.Path, body.ToArray(), context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await receiver.Answer(context);
        });
        await app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }
}
