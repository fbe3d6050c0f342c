using System.Diagnostics.Metrics;

namespace Xerotier.StatusService.Tests;

/// <summary>How many say that the work fails, as the metric has it.</summary>
internal sealed class FailingWork : IDisposable
{
    private readonly MeterListener listener = new();
    private int count;

    /// <summary>Listens from now on.</summary>
    /// <param name="work">What the log says of its failure; the other tests' work fails too.</param>
    public FailingWork(string work)
    {
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Name == "xerotier.background.failing")
            {
                own.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) =>
        {
            if (tags[0] is { Key: "work", Value: string named } && named == work)
            {
                Interlocked.Add(ref count, value);
            }
        });
        listener.Start();
    }

    public int Count => Volatile.Read(ref count);

    public void Dispose() => listener.Dispose();
}
