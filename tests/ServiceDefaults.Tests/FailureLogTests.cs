using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class FailureLogTests
{
    [Fact]
    public void The_first_failure_and_the_first_success_after_it_are_said_and_nothing_else()
    {
        using var recorder = new LogRecorder();
        var log = new FailureLog(recorder.CreateLogger(""), "It fails", "It works again", LogLevel.Error);
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

        Assert.Equal(["Error: It fails (first)", "Information: It works again ()", "Error: It fails (first)", "Information: It works again ()"], Lines(recorder));
    }

    [Fact]
    public async Task Of_threads_that_fail_at_once_one_says_so()
    {
        using var recorder = new LogRecorder();
        var log = new FailureLog(recorder.CreateLogger(""), "It fails", "It works again");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => log.Failed(new InvalidOperationException("any")))));
        Assert.Equal(["Warning: It fails (any)"], Lines(recorder));
    }

    [Fact]
    public void A_metric_is_1_while_it_fails_and_0_from_the_start()
    {
        using var recorder = new LogRecorder();
        var seen = new List<int>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Name == "xerotier.background.failing")
            {
                own.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) =>
        {
            if (tags[0] is { Key: "work", Value: "The metric's work fails" }) // other tests' work fails too
            {
                seen.Add(value);
            }
        });
        listener.Start();
        var log = new FailureLog(recorder.CreateLogger(""), "The metric's work fails", "It works again");
        log.Succeeded();
        log.Failed(new InvalidOperationException("first"));
        log.Failed(new InvalidOperationException("second"));
        log.Succeeded();
        log.Succeeded();
        log.Failed(new InvalidOperationException("third"));
        log.Forget();
        log.Forget();
        Assert.False(log.IsFailing);
        Assert.Equal([0, 1, -1, 1, -1], seen);
        Assert.Equal(3, recorder.Entries.Count); // what is forgotten is not said to work again
    }

    private static IEnumerable<string> Lines(LogRecorder recorder) => recorder.Entries.Select(entry => $"{entry.Level}: {entry.Message} ({entry.Exception?.Message})");
}
