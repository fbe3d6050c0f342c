using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>
/// Generated hostile requests over raw sockets: no 5xx, no answer outside the envelope, memory bounded.
/// HOSTILE_REQUESTS (50,000) sets how many, HOSTILE_SEED repeats a run.
/// Alone, because the heap that it weighs is the whole process's.
/// </summary>
[Collection(nameof(HostileTests))]
[CollectionDefinition(nameof(HostileTests), DisableParallelization = true)]
public sealed class HostileTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const int Lanes = 8;

    [Fact]
    public async Task Hostile_requests_get_the_envelope_and_nothing_else()
    {
        var total = Setting("HOSTILE_REQUESTS", 50_000);
        var seed = Setting("HOSTILE_SEED", Random.Shared.Next());
        output.WriteLine($"HOSTILE_SEED={seed} HOSTILE_REQUESTS={total}");
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management", "heartbeat");
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "ready");

        var before = Memory();
        var statuses = new int[600];
        var refused = 0;
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(async () =>
        {
            var requests = new HostileRequests(new Random(seed + lane), project, key, gateway.PlatformKey);
            using var connection = new RawConnection(gateway.Service.HttpAddress);
            var last = "";
            for (var i = 0; i < total / Lanes; i++)
            {
                var request = requests.Next();
                var earlier = last;
                last = request.ToString();
                gateway.Services.Requests.Clear();
                var answer = await connection.SendAsync(request);
                if (answer is null)
                {
                    // The connection ended without a word: only what was cut off may be met so.
                    Assert.True(request.Broken, $"No answer to a whole request. {request}\nThe one before it: {earlier}");
                    Interlocked.Increment(ref refused);
                    continue;
                }

                Interlocked.Increment(ref statuses[answer.Status]);
                // 505 is the parser's word for a version of HTTP that does not exist.
                Assert.True(answer.Status < 500 || answer is { Status: 505, Body: "", HasRequestId: false }, $"{answer.Status} {answer.Body}\n{request}");
                Assert.DoesNotContain("   at Xerotier", answer.Body);
                if (answer.Status >= 400 && !answer.IsHead)
                {
                    if (answer.Body.Length == 0 && !answer.HasRequestId)
                    {
                        Interlocked.Increment(ref refused); // by the server's parser, before a request existed
                        continue;
                    }

                    var error = JsonNode.Parse(answer.Body)?["error"]?.AsObject();
                    Assert.True(error is not null && error.ContainsKey("message") && error.ContainsKey("type") && error.ContainsKey("code") && error.ContainsKey("param"), $"{answer.Status} {answer.Body}\n{request}");
                }
            }
        })));

        output.WriteLine(string.Join(' ', statuses.Select((count, status) => (count, status)).Where(s => s.count > 0).Select(s => $"{s.status}:{s.count}")) + $" refused by the parser or cut off:{refused}");
        Assert.True(statuses[200] > total / 100, "Some must get through, or this tests nothing but the first check.");
        foreach (var status in new[] { 400, 401, 403, 404, 405, 413, 415 })
        {
            Assert.True(statuses[status] > 0, $"No {status} among the answers: the generator has lost its variety.");
        }

        var grown = Memory() - before;
        output.WriteLine($"memory grew by {grown / 1024} KiB");
        Assert.True(grown < 64 * 1024 * 1024, $"The heap grew by {grown} bytes.");
        Assert.Equal(200, (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status);
    }

    [Theory]
    [InlineData("application/json", 415)]
    [InlineData("application/x-www-form-urlencoded", 403)]
    public async Task A_form_in_chunks_that_is_refused_unread_is_told_that_its_connection_ends(string type, int status)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, gateway.Service.HttpAddress.Port);

        // The first chunk of more: a client that goes on writing may hear of the closed connection before it reads the answer.
        await tcp.GetStream().WriteAsync(Encoding.Latin1.GetBytes(
            $"POST /console/sign-out HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: cross-site\r\nContent-Type: {type}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"));
        using var reader = new StreamReader(tcp.GetStream(), Encoding.Latin1);
        Assert.StartsWith($"HTTP/1.1 {status} ", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var headers = new List<string?>();
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { Length: > 0 } header)
        {
            headers.Add(header);
        }

        Assert.Contains("Connection: close", headers);
    }

    [Fact]
    public async Task An_HTTP2_request_without_a_target_is_refused_as_any_other()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, gateway.Service.GrpcAddress.Port);
        var stream = tcp.GetStream();

        // The preface, empty SETTINGS, and HEADERS that are just ":method: CONNECT" (RFC 9113 section 8.5, RFC 7541 section 6.2.2).
        byte[] connect = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0x5, 0, 0, 0, 1, 0x02, 7, .. "CONNECT"u8];
        await stream.WriteAsync(connect);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        var head = new byte[9];
        while (true)
        {
            await stream.ReadExactlyAsync(head, deadline.Token);
            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, deadline.Token);
            if (head[3] == 1)
            {
                Assert.Contains("405", Encoding.Latin1.GetString(payload)[..8]); // :status comes first
                return;
            }
        }
    }

    private static long Memory()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
