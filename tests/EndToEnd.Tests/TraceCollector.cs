using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Microsoft.AspNetCore.Http;
using Xerotier.EndToEnd.Tests.Traces;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>A collector to which services send their spans by OTLP, over HTTP.</summary>
public sealed class TraceCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedSpan> spans = new();
    private LoopbackServer? server;

    /// <summary>The settings that have a service send its spans here, and soon.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("OTEL_EXPORTER_OTLP_ENDPOINT", server!.Url), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), new("OTEL_BSP_SCHEDULE_DELAY", "200")];

    /// <summary>All that came so far, by their traces.</summary>
    public ILookup<string, ReceivedSpan> Traces => spans.ToLookup(span => span.Trace);

    public static async Task<TraceCollector> StartAsync()
    {
        var collector = new TraceCollector();
        collector.server = await LoopbackServer.StartAsync(collector.ReceiveAsync);
        return collector;
    }

    public ValueTask DisposeAsync() => server!.DisposeAsync();

    private async Task ReceiveAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        if (http.Request.Path != "/v1/traces")
        {
            return; // metrics and logs
        }

        foreach (var sent in TracesData.Parser.ParseFrom(body.ToArray()).ResourceSpans)
        {
            var (service, instance) = (Value(sent.Resource.Attributes, "service.name"), Value(sent.Resource.Attributes, "service.instance.id"));
            foreach (var span in sent.ScopeSpans.SelectMany(scope => scope.Spans))
            {
                spans.Enqueue(new(Hex(span.TraceId), Hex(span.SpanId), span.ParentSpanId.IsEmpty ? null : Hex(span.ParentSpanId), service, instance, span.Kind == Span.Types.Kind.Server, Value(span.Attributes, "url.path"),
                    new[] { "db.system.name", "db.system" }.Select(name => Value(span.Attributes, name)).FirstOrDefault(name => name.Length > 0) ?? ""));
            }
        }
    }

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    private static string Value(RepeatedField<KeyValue> attributes, string key) => attributes.FirstOrDefault(attribute => attribute.Key == key)?.Value.StringValue ?? "";
}

/// <summary>A span of a service.</summary>
/// <param name="Trace">The trace that it belongs to.</param>
/// <param name="Id">Its own id.</param>
/// <param name="Parent">The span that it is a part of; null: it began the trace.</param>
/// <param name="Service">The service.</param>
/// <param name="Instance">The process.</param>
/// <param name="IsRequest">Whether it is of a request that the service received.</param>
/// <param name="Path">The request's path; empty: it is of none.</param>
/// <param name="Store">The kind of store that was asked; empty: none.</param>
public sealed record ReceivedSpan(string Trace, string Id, string? Parent, string Service, string Instance, bool IsRequest, string Path, string Store);
