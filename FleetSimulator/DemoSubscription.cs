namespace Xerotier.FleetSimulator;

/// <summary>Subscribes the demo project's receiver, if there is one, while the fleet speaks already: messages may wait for longer than heartbeats.</summary>
internal sealed class DemoSubscription(IConfiguration configuration) : BackgroundService
{
    /// <summary>Whether it is subscribed, or nobody is to be.</summary>
    public bool IsDone { get; private set; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await DemoProject.SubscribeAsync(configuration, stoppingToken);
        IsDone = true;
    }
}
