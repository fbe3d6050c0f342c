using System.Diagnostics.Metrics;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Metrics;

/// <summary>
/// The metrics of requests. They replace the framework's metrics of requests, which do not know the Gateway's routes and cost more than
/// a page does.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Xerotier.Gateway";

    private readonly Meter meter;
    private readonly TimeProvider time;
    private readonly Counter<long> refusals;
    private readonly Counter<long> closed;
    private readonly Histogram<double> requests;
    private readonly Histogram<double> streams;
    private IReadOnlyList<RequestTags> counted = [];

    public GatewayMetrics(IMeterFactory meters, TimeProvider time)
    {
        this.time = time;
        meter = meters.Create(MeterName);
        requests = meter.CreateHistogram(
            "xerotier.gateway.request.duration", "s", "Requests from their arrival to the end of their response, by route, method, status and who responded (499: the client closed its connection). Of the documents from memory one in 16 is timed.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        meter.CreateObservableCounter("xerotier.gateway.requests", () => counted.SelectMany(tags => tags.Counts), "{request}", "Requests that ended, by route, method, status and who responded.");
        streams = meter.CreateHistogram(
            "xerotier.gateway.stream.duration", "s", "gRPC streams from their opening to their end, by route and gRPC status.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1, 10, 60, 300, 900, 3600, 14_400, 86_400] });
        refusals = meter.CreateCounter<long>("xerotier.gateway.refusals", "{request}", "Requests that were refused, by error code.");
        closed = meter.CreateCounter<long>("xerotier.gateway.closed_connections", "{connection}", "Connections that were closed before a request, by reason: too_many (of one client), silent.");
        refusals.Add(0, new KeyValuePair<string, object?>("code", ApiErrors.TooManyStreams.Code)); // what alerts watch is 0 from the start, not absent
        closed.Add(0, new KeyValuePair<string, object?>("reason", "too_many"));
    }

    /// <summary>Reports how many requests of <paramref name="routes"/> have ended.</summary>
    public void Observe(IReadOnlyList<RequestTags> routes) => counted = routes;

    /// <summary>Records a request that ended with <paramref name="outcome"/>.</summary>
    /// <param name="tags">The tags of its route.</param>
    /// <param name="method">Its method.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="started">When it arrived: a timestamp of the clock.</param>
    public void RequestEnded(RequestTags tags, string method, Outcome outcome, long started)
    {
        var series = tags.Of(method, outcome);
        if (series.Add() && requests.Enabled)
        {
            requests.Record(time.GetElapsedTime(started).TotalSeconds, series.Tags);
        }
    }

    /// <summary>Records a gRPC stream that ended with <paramref name="status"/>.</summary>
    /// <param name="route">Its route's pattern.</param>
    /// <param name="status">Its gRPC status code.</param>
    /// <param name="started">When it was opened: a timestamp of the clock.</param>
    public void StreamEnded(string route, int status, long started) =>
        streams.Record(time.GetElapsedTime(started).TotalSeconds, new("http.route", route), new KeyValuePair<string, object?>("rpc.grpc.status_code", status));

    /// <summary>Counts a refusal.</summary>
    public void Refused(ApiError error) => refusals.Add(1, new KeyValuePair<string, object?>("code", error.Code));

    /// <summary>Counts a connection that was closed before a request.</summary>
    /// <param name="reason">Why.</param>
    public void ConnectionClosed(string reason) => closed.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
