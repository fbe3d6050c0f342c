using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Xerotier.TestKit;

/// <summary>Keeps what a service logs.</summary>
public sealed class LogRecorder : ILoggerProvider
{
    private readonly ConcurrentQueue<Entry> entries = new();

    /// <summary>Everything so far, oldest first.</summary>
    public IReadOnlyList<Entry> Entries => [.. entries];

    /// <summary>How many entries contain <paramref name="text"/> in <c>{level}: {message} {type of the exception}</c>.</summary>
    public int Count(string text) => entries.Count(entry => $"{entry.Level}: {entry.Message} {entry.Exception?.GetType().Name}".Contains(text, StringComparison.Ordinal));

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(entries, categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
        // holds nothing
    }

    /// <summary>One line of the log.</summary>
    public sealed record Entry(string Category, LogLevel Level, string Message, Exception? Exception);

    private sealed class Logger(ConcurrentQueue<Entry> entries, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            entries.Enqueue(new(category, logLevel, formatter(state, exception), exception));
    }
}
