using Microsoft.AspNetCore.Http;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>A real HTTP server on loopback that a test lets be probed.</summary>
public sealed class HealthCheck : IAsyncDisposable
{
    private LoopbackServer server = null!;
    private int asked;

    private HealthCheck()
    {
    }

    /// <summary>What it answers; by default <see cref="Status"/>.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    public int Status { get; set; } = 200;

    public int Asked => Volatile.Read(ref asked);

    public string Url => server.Url;

    public int Port => new Uri(Url).Port;

    public static async Task<HealthCheck> StartAsync()
    {
        var check = new HealthCheck();
        check.server = await LoopbackServer.StartAsync(async context =>
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
        return check;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
