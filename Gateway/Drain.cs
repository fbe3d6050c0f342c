using Microsoft.Extensions.Options;
using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway;

/// <summary>
/// The Gateway's last moments: on SIGTERM <c>/readyz</c> turns 503 and connections are asked to close, then the ports close and what is
/// in flight finishes. Long-lived calls are ended, so that their senders find another Gateway.
/// </summary>
internal sealed class Drain(OpenCalls calls, IOptions<GatewayOptions> options, TimeProvider time) : IHostedLifecycleService
{
    private volatile bool draining;

    /// <summary>Whether the Gateway is about to go.</summary>
    public bool IsDraining => draining;

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        draining = true;
        await Task.Delay(TimeSpan.FromMilliseconds(options.Value.DrainMilliseconds), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        calls.EndAll();
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
