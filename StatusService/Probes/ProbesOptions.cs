using System.ComponentModel.DataAnnotations;

namespace Xerotier.StatusService.Probes;

/// <summary>Section <c>Probes</c>: what the probes of components may reach.</summary>
public sealed class ProbesOptions
{
    /// <summary>Whether a probe may ask addresses that are not public, such as those of the own network. Default false: whoever may create components could else look into it.</summary>
    public bool AllowPrivateTargets { get; set; }
}

/// <summary>Section <c>ModelStorage</c>: how Model Storage is probed. Its address may be private: it is a setting.</summary>
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
    public int FailuresBeforeOutage { get; set; } = 2;

    internal bool IsProbeUrlValid => ProbeUrl is null or "" || (Uri.TryCreate(ProbeUrl, UriKind.Absolute, out var address) && address.Scheme is "http" or "https");
}

/// <summary>Registration of the probes.</summary>
public static class ProbesExtensions
{
    /// <summary>Adds the prober and its settings.</summary>
    public static void AddProbes(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ProbesOptions>().Bind(configuration.GetSection("Probes")).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ModelStorageOptions>()
            .Bind(configuration.GetSection("ModelStorage"))
            .ValidateDataAnnotations()
            .Validate(o => o.IsProbeUrlValid, "ModelStorage:ProbeUrl must be an absolute http or https address.")
            .ValidateOnStart();
        services.AddSingleton<ProbeStore>();
        services.AddHostedService<Prober>();
    }
}
