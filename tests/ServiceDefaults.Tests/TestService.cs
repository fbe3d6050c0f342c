using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>A service with nothing of its own but <c>/asked</c>, which other services may ask for.</summary>
internal sealed class TestService(WebApplication app, LogRecorder log) : IAsyncDisposable
{
    public IServiceProvider Services => app.Services;

    /// <summary>What it says in its log.</summary>
    public IEnumerable<string> Logged => log.Entries.Select(entry => $"{entry.Message} {entry.Exception}");

    /// <summary>Its addresses, in the order of its endpoints.</summary>
    public IReadOnlyList<Uri> Addresses { get; } = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address))];

    public static async Task<TestService> StartAsync(string name, Dictionary<string, string?> settings, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateBuilder();
        var log = new LogRecorder();
        builder.Logging.ClearProviders().AddProvider(log).AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddServiceDefaults(name);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapGet("/asked", () => "answered").RequireAuthorization(Policies.Service);
        await app.StartAsync();
        return new(app, log);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
