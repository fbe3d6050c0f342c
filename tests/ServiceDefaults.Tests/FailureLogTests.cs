using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class FailureLogTests
{
    [Fact]
    public void The_first_failure_and_the_first_success_after_it_are_said_and_nothing_else()
    {
        var lines = new Lines();
        var log = new FailureLog(lines, "It fails", "It works again", LogLevel.Error);
        log.Succeeded();
        for (var i = 0; i < 2; i++)
        {
            Assert.False(log.IsFailing);
            log.Failed(new InvalidOperationException("first"));
            log.Failed(new InvalidOperationException("second"));
            Assert.True(log.IsFailing);
            log.Succeeded();
            log.Succeeded();
        }

        Assert.Equal(["Error: It fails (first)", "Information: It works again ()", "Error: It fails (first)", "Information: It works again ()"], lines.Logged);
    }

    [Fact]
    public async Task Of_threads_that_fail_at_once_one_says_so()
    {
        var lines = new Lines();
        var log = new FailureLog(lines, "It fails", "It works again");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => log.Failed(new InvalidOperationException("any")))));
        Assert.Equal(["Warning: It fails (any)"], lines.Logged);
    }

    private sealed class Lines : ILogger
    {
        public List<string> Logged { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Logged)
            {
                Logged.Add($"{logLevel}: {formatter(state, exception)} ({exception?.Message})");
            }
        }
    }
}
