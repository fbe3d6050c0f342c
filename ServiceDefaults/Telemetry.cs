using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Xerotier.ServiceDefaults;

/// <summary>Logs, metrics and traces of every service.</summary>
internal static partial class Telemetry
{
    /// <summary>
    /// Logs as JSON on the console, metrics for Prometheus, and all of both with traces by OTLP where
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector.
    /// </summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, string name, string version)
    {
        // The weakest source: appsettings and the environment override it.
        ((IConfigurationBuilder)builder.Configuration).Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData =
            [
                new("Logging:LogLevel:Default", "Information"),
                new("Logging:LogLevel:Microsoft", "Warning"),
                new("Logging:LogLevel:Grpc", "Warning"),
                new("Logging:LogLevel:Grpc.Net.Client", "Error"), // each try of a connection that is away; who uses it logs its loss once
                new("Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks", "None"), // /readyz tells whoever asks, at each question
                new("Logging:LogLevel:StackExchange.Redis", "Warning"), // each step of connecting otherwise
                new("Logging:LogLevel:Yarp", "Warning"),
                new("Logging:LogLevel:Microsoft.Hosting.Lifetime", "Information"),
            ],
        });
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning); // every statement otherwise
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning); // each request with its path, which may be a secret, however much of the framework an operator wants to see
        builder.Logging.AddFilter("Microsoft.AspNetCore.Routing", LogLevel.Warning);
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        if (builder.Configuration["Logging:Console:FormatterName"] is null)
        {
            builder.Logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        }

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(name, serviceNamespace: "xerotier", serviceVersion: version))
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddView("dns.lookup.duration", new MetricStreamConfiguration { TagKeys = ["error.type"] }) // not the name, which may be a stranger's (Http/OutboundHandler.cs)
                .AddRuntimeInstrumentation()
                .AddMeter("Xerotier.*")
                .AddPrometheusExporter());
        if (builder.Configuration.ExportsTelemetry())
        {
            telemetry.WithTracing(tracing => tracing
                .SetSampler(new ParentBasedSampler(new RequestSampler()))
                .AddProcessor<TokenRedaction>()
                .AddSource("Grpc.Net.Client") // else what it calls would be part of a span that nobody sees
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !IsProbe(context.Request.Path))
                .AddHttpClientInstrumentation());
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None); // its scope has the path, and so a subscriber's token
            builder.Logging.AddOpenTelemetry(logging => logging.IncludeScopes = true);
            telemetry.UseOtlpExporter();
        }
    }

    /// <summary>Whether telemetry has somewhere to go; without, spans would only cost time.</summary>
    public static bool ExportsTelemetry(this IConfiguration configuration) => configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };

    private static bool IsProbe(PathString path) => path.StartsWithSegments("/healthz", StringComparison.Ordinal) || path == "/readyz" || path == "/metrics" || path.StartsWithSegments("/grpc.health.v1.Health", StringComparison.Ordinal);

    /// <summary>A trace begins with a request that somebody sent. What the service does by itself (watching its stores, probing others) makes none: it would bury them.</summary>
    private sealed class RequestSampler : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
            new(samplingParameters.Kind == ActivityKind.Server ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }

    /// <summary>Takes out of spans what whoever reads a trace could use: the tokens in addresses of the subscribers' pages, and whatever else is as long as a token.</summary>
    private sealed partial class TokenRedaction : BaseProcessor<Activity>
    {
        private static readonly string[] Addresses = ["url.path", "url.full", "url.query"];

        public override void OnEnd(Activity data)
        {
            foreach (var name in Addresses)
            {
                if (data.GetTagItem(name) is string address && Token().Replace(address, "{token}") is var redacted && redacted != address)
                {
                    data.SetTag(name, redacted);
                }
            }
        }

        [GeneratedRegex("(?<=/status/subscriptions/)[^?#]+|[A-Za-z0-9_-]{43,}")]
        private static partial Regex Token();
    }
}
