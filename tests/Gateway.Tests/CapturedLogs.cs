using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Xerotier.Gateway.Tests;

/// <summary>Keeps what a Gateway logs.</summary>
internal sealed class CapturedLogs : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> lines = new();

    /// <summary>How many lines contain <paramref name="text"/>.</summary>
    public int Count(string text) => lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception?.GetType().Name}");

    public void Dispose()
    {
    }
}
