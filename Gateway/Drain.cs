using Microsoft.Extensions.Options;
using Xerotier.Gateway.Configuration;
using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway;

/// <summary>
/// The Gateway's shutdown. On SIGTERM <c>/readyz</c> changes to 503 and responses ask for their connections to close; then the ports close
/// and requests in flight finish. Long-lived calls end, one after the other and not all at once, so that their senders find another Gateway.
/// </summary>
internal sealed class Drain(OpenCalls calls, IOptions<GatewayOptions> options) : IHostedLifecycleService
{
    private volatile bool draining;

    /// <summary>Whether the Gateway is about to stop.</summary>
    public bool IsDraining => draining;

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        draining = true;
        await calls.EndAllAsync(TimeSpan.FromMilliseconds(options.Value.DrainMilliseconds), cancellationToken);
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
