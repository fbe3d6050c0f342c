using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Xerotier.Gateway.Tests;

/// <summary>What one instrument of one Gateway measures.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentQueue<Dictionary<string, object?>> tags = new();
    private long observed;

    public Measurements(TestGateway gateway, string name)
    {
        var meters = gateway.Service.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Name == name && instrument.Meter.Scope == meters)
            {
                own.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, measured, _) => tags.Enqueue(new(measured.ToArray())));
        listener.SetMeasurementEventCallback<long>((_, value, measured, _) => tags.Enqueue(new(measured.ToArray()) { ["value"] = value }));
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => observed = value);
        listener.Start();
    }

    public bool IsEmpty => tags.IsEmpty;

    public void Clear() => tags.Clear();

    public List<string> Read(params string[] names) => [.. tags.Select(measured => string.Join(' ', names.Select(name => measured.GetValueOrDefault(name))))];

    public long Observe()
    {
        listener.RecordObservableInstruments();
        return observed;
    }

    public void Dispose() => listener.Dispose();
}
