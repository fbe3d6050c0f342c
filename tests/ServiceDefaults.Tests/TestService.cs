using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>A service with nothing of its own but <c>/asked</c>, which other services may ask for.</summary>
internal sealed class TestService(WebApplication app, ConcurrentQueue<string> logged) : IAsyncDisposable
{
    public IServiceProvider Services => app.Services;

    /// <summary>What it says in its log.</summary>
    public IReadOnlyCollection<string> Logged => logged;

    /// <summary>Its addresses, in the order of its endpoints.</summary>
    public IReadOnlyList<Uri> Addresses { get; } = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address))];

    public static async Task<TestService> StartAsync(string name, Dictionary<string, string?> settings, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateBuilder();
        var log = new Log();
        builder.Logging.ClearProviders().AddProvider(log).AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddServiceDefaults(name);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapGet("/asked", () => "answered").RequireAuthorization(Policies.Service);
        await app.StartAsync();
        return new(app, log.Lines);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private sealed class Log : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
