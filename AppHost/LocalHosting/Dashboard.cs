using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xerotier.AppHost;

namespace Xerotier.LocalHosting;

/// <summary>
/// The Aspire dashboard without Aspire's packages: with <c>--dashboard PATH</c>, the Aspire CLI's executable, it runs beside the
/// cluster and every project sends it traces, metrics and logs. Ports: <c>XEROTIER_DASHBOARD_PORT</c> (18888),
/// <c>XEROTIER_OTLP_PORT</c> (4317).
/// </summary>
internal static class Dashboard
{
    public static void AddTo(IDistributedApplicationBuilder builder)
    {
        if (builder.Configuration["dashboard"] is not { Length: > 0 } cli)
        {
            return;
        }

        var page = Url("XEROTIER_DASHBOARD_PORT", ClusterSettings.DashboardPort);
        var otlp = Url("XEROTIER_OTLP_PORT", ClusterSettings.OtlpPort);
        foreach (var project in builder.Resources.OfType<ProjectResource>())
        {
            project.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = () => otlp.ToString();
            project.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = () => "grpc";
        }

        builder.Services.AddHealthChecks().AddAsyncCheck("dashboard", async cancellation =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(page.Host, page.Port, cancellation);
            return HealthCheckResult.Healthy();
        });
        var folder = Path.GetDirectoryName(Path.GetFullPath(cli))!;
        builder.AddExecutable(
            "dashboard", cli, folder,
            "dashboard", "run", "--non-interactive", "--allow-anonymous", "--nologo", "--frontend-url", $"{page}", "--otlp-grpc-url", $"{otlp}", "--otlp-http-url", "http://127.0.0.1:0")
            .WithEnvironment("HOME", folder) // it unpacks itself there
            .WithEnvironment("ASPIRE_CLI_TELEMETRY_OPTOUT", "true")
            .WithHealthCheck("dashboard");

        Uri Url(string setting, int port) => new(string.Create(
            CultureInfo.InvariantCulture, $"http://127.0.0.1:{builder.Configuration.GetValue(setting, port)}"));
    }
}
