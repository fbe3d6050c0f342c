using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Xerotier.StatusService.Tests;

/// <summary>A real HTTP server on loopback that a test lets be probed.</summary>
public sealed class HealthCheck : IAsyncDisposable
{
    private readonly WebApplication app;
    private int asked;

    private HealthCheck(WebApplication app) => this.app = app;

    /// <summary>What it answers; by default <see cref="Status"/>.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    public int Status { get; set; } = 200;

    public int Asked => Volatile.Read(ref asked);

    public string Url => app.Urls.Single();

    public int Port => new Uri(Url).Port;

    public static async Task<HealthCheck> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var check = new HealthCheck(app);
        app.Run(async context =>
        {
            Interlocked.Increment(ref check.asked);
            if (check.Answer is { } answer)
            {
                await answer(context);
            }
            else
            {
                context.Response.StatusCode = check.Status;
            }
        });
        await app.StartAsync();
        return check;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }
}
