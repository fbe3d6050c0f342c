using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Model;
using Xerotier.StatusService.Notices;

namespace Xerotier.StatusService.Board;

/// <summary>Section <c>ModelStorage</c>: how Model Storage is judged.</summary>
public sealed class ModelStorageOptions
{
    /// <summary>An http(s) address that answers 2xx while the storage works. Default none: the storage is not polled and counts as operational.</summary>
    public string? ProbeUrl { get; set; }

    /// <summary>Seconds between probes, 1 to 3600.</summary>
    [Range(1, 3600)]
    public int IntervalSeconds { get; set; } = 10;

    /// <summary>Seconds after which a probe has failed, 1 to 60.</summary>
    [Range(1, 60)]
    public int TimeoutSeconds { get; set; } = 3;

    /// <summary>Failed probes in a row that are an outage, 1 to 10: a single one may be the network's.</summary>
    [Range(1, 10)]
    public int FailuresBeforeOutage { get; set; } = 3;

    internal bool IsProbeUrlValid => ProbeUrl is null or "" || (Uri.TryCreate(ProbeUrl, UriKind.Absolute, out var address) && address.Scheme is "http" or "https");
}

/// <summary>Asks the configured address again and again; without one it does nothing.</summary>
public sealed class ModelStorageProbe(IOptions<ModelStorageOptions> options, BoardInbox inbox, TimeProvider time, ILogger<ModelStorageProbe> logger) : BackgroundService
{
    private static readonly Verdict NotYet = new(ComponentStatus.Unknown, "we are waiting for the first health check");

    private readonly FailureLog log = new(logger, "The probe of Model Storage fails", "The probe of Model Storage succeeds again");
    private int failures; // in a row

    /// <summary>What failed probes say of the storage, when there are enough in a row.</summary>
    public static Verdict Failed { get; } = new(ComponentStatus.Outage, "its health check is failing");

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.ProbeUrl is not { Length: > 0 } address)
        {
            return;
        }

        // No retries: a retrying probe hides failures.
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(1) };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        Report(NotYet);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.IntervalSeconds), time);
        do
        {
            if (await ProbeAsync(client, new(address), stoppingToken))
            {
                Report(Verdict.Operational);
            }
            else if (failures >= options.Value.FailuresBeforeOutage)
            {
                Report(Failed);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<bool> ProbeAsync(HttpClient client, Uri address, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            using var response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, either.Token);
            response.EnsureSuccessStatusCode();
            failures = 0;
            log.Succeeded();
            return true;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            failures++;
            log.Failed(failure);
            return false;
        }
    }

    private void Report(Verdict verdict) => inbox.Enqueue((inputs, _) => inputs with { ModelStorage = verdict });
}

/// <summary>Registration of the board.</summary>
public static class BoardExtensions
{
    /// <summary>Adds the board, its feeds and the probe of Model Storage.</summary>
    public static void AddBoard(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ModelStorageOptions>()
            .Bind(configuration.GetSection("ModelStorage"))
            .ValidateDataAnnotations()
            .Validate(o => o.IsProbeUrlValid, "ModelStorage:ProbeUrl must be an absolute http or https address.")
            .ValidateOnStart();
        services.AddSingleton<BoardInbox>();
        services.AddSingleton<ChangeStamps>();
        services.AddSingleton<NoticesClient>();
        services.AddHostedService<Feeds>();
        services.AddHostedService<ModelStorageProbe>();
    }
}
