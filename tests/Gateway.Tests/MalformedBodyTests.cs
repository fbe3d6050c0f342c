using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class MalformedBodyTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("0\r\nno colon\r\n\r\n")]
    [InlineData("1\r\nab\r\n")]
    [InlineData("zz\r\n")]
    public async Task A_malformed_body_is_counted_and_fills_no_log(string body)
    {
        using var logs = new LogRecorder();
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), configure: services => services.AddSingleton<ILoggerProvider>(logs));
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management");
        using var connections = new Measurements(gateway, "kestrel.connection.duration");
        foreach (var path in new[] { "/status", $"/{project}/v1/management/maintenance" }) // nobody reads the body; a service does
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, gateway.Service.HttpAddress.Port);
            var stream = tcp.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(
                $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
            using var reader = new StreamReader(stream, Encoding.Latin1);
            Assert.StartsWith("HTTP/1.1 4", await reader.ReadLineAsync(), StringComparison.Ordinal);
            await reader.ReadToEndAsync();
        }

        await Eventually.TrueAsync(() => connections.Read("error.type").Count(type => type.Length > 0) == 2, "both are counted", seconds: 10);
        Assert.Equal(0, logs.Count("Error: "));
        Assert.Equal(0, logs.Count("Warning: Connection id"));
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\nHost: x\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\nA: b\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\n\r\n")]
    public async Task A_line_that_ends_with_a_bare_LF_is_refused(string head)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, gateway.Service.HttpAddress.Port);
        await tcp.GetStream().WriteAsync(Encoding.Latin1.GetBytes(head));
        using var reader = new StreamReader(tcp.GetStream(), Encoding.Latin1);
        Assert.Contains("400", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }
}
