using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>
/// Generated hostile requests over raw sockets (product.md section 9): no 5xx, no answer outside the envelope, memory bounded.
/// HOSTILE_REQUESTS (50,000) sets how many, HOSTILE_SEED repeats a run.
/// </summary>
public sealed class HostileTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const int Lanes = 8;

    [Fact]
    public async Task Hostile_requests_get_the_envelope_and_nothing_else()
    {
        var total = Setting("HOSTILE_REQUESTS", 50_000);
        var seed = Setting("HOSTILE_SEED", Random.Shared.Next());
        output.WriteLine($"HOSTILE_SEED={seed} HOSTILE_REQUESTS={total}");
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
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
            for (var i = 0; i < total / Lanes; i++)
            {
                var request = requests.Next();
                gateway.Services.Requests.Clear();
                var answer = await connection.SendAsync(request);
                if (answer is null)
                {
                    // The connection ended without a word: only what was cut off may be met so.
                    Assert.True(request.Broken, $"No answer to a whole request. {request}");
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

    [Fact]
    public async Task An_HTTP2_request_without_a_target_is_refused_as_any_other()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
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

/// <summary>One request as bytes.</summary>
/// <param name="Bytes">What is sent.</param>
/// <param name="IsHead">The answer has no body.</param>
/// <param name="Broken">It is cut off, or not HTTP: the server may end the connection without a word.</param>
internal sealed record HostileRequest(byte[] Bytes, bool IsHead, bool Broken)
{
    public override string ToString() => $"Request ({Bytes.Length} bytes): {Encoding.Latin1.GetString(Bytes, 0, Math.Min(Bytes.Length, 1500))}";
}

/// <summary>Makes requests that are valid, nearly valid, and not at all.</summary>
internal sealed class HostileRequests(Random random, string project, string key, string platformKey)
{
    private static readonly string[] Methods = ["GET", "GET", "GET", "POST", "POST", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "G\0T", "", "PROPFIND"];
    private static readonly string[] Texts = ["", "a", "🦊", "\u0000", "\\u0000", "\\ud800", "\u202e", "' or 1=1 --", "<script>alert(1)</script>", "@@stale_since@@", "../../etc/passwd", "%00", "${jndi:ldap://x}", "\r\nX-Injected: 1", "\t", "null", "NaN", "1e400", "-0", "9223372036854775808"];

    public HostileRequest Next()
    {
        var method = random.Next(4) == 0 ? Pick(Methods) : Pick(["GET", "POST", "PATCH", "DELETE", "HEAD"]);
        var body = random.Next(3) == 0 || method is "POST" or "PATCH" ? Body() : [];
        var head = new StringBuilder();
        head.Append(method).Append(' ').Append(Target()).Append(random.Next(50) == 0 ? Pick([" HTTP/1.0", " HTTP/2.0", " HTTP/9.9", "", " http/1.1"]) : " HTTP/1.1").Append("\r\n");
        if (random.Next(60) != 0)
        {
            head.Append("Host: ").Append(random.Next(30) == 0 ? Pick(["", "a b", "evil.example:99999", "[::1", "a\0b", "xn--ls8h"]) : "localhost").Append("\r\n");
        }

        var broken = Authorization(head) | Headers(head) | method is "" or "G\0T" or "get";
        var framing = random.Next(20);
        byte[] sent;
        if (body.Length > 0 && framing < 4)
        {
            head.Append("Transfer-Encoding: ").Append(random.Next(12) == 0 ? Pick(["chunked, chunked", "gzip, chunked", "identity", " chunked", "xchunked"]) : "chunked").Append("\r\n");
            sent = Chunked(body, ref broken);
        }
        else
        {
            sent = body;
            if (body.Length > 0 || random.Next(3) == 0)
            {
                var length = random.Next(40) == 0 ? Pick(["-1", "abc", "99999999999999999999", "0x10", $"{body.Length}, {body.Length}", $"{body.Length + 5}", "70000"]) : $"{body.Length}";
                broken |= length != $"{body.Length}";
                head.Append("Content-Length: ").Append(length).Append("\r\n");
                if (random.Next(60) == 0)
                {
                    head.Append("Content-Length: 1\r\n");
                    broken = true;
                }
            }
        }

        head.Append("\r\n");
        var bytes = Encoding.UTF8.GetBytes(head.ToString()).Concat(sent).ToArray();
        switch (random.Next(40))
        {
            case 0: // cut off
                return new(bytes[..random.Next(1, bytes.Length)], method == "HEAD", Broken: true);
            case 1: // bytes turned over
                for (var i = random.Next(1, 8); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                return new(bytes, method == "HEAD", Broken: true);
            default:
                return new(bytes, method == "HEAD", broken || body.Length > 64 * 1024);
        }
    }

    private string Target()
    {
        var id = random.Next(6) == 0 ? Pick([".", "..", "%2e%2e", "mw_%00", "mw_/x", "mw_\\x", new string('a', 129), "mw_ÿ", "mw_;x", "*"]) : "mw_0123456789";
        var owner = random.Next(8) == 0 ? Pick(["proj_other1", project.ToUpperInvariant(), "proj_", "platform", "v1", "%70roj_x", $"{project}%00", $"x/../{project}", ".."]) : project;
        var path = Pick([
            "/", "/status", "/status.json", "/status/history", "/healthz", "/readyz", "/openapi/v1.json",
            $"/{owner}/v1/health/dashboard", $"/{owner}/v1/management/maintenance", $"/{owner}/v1/management/maintenance/{id}", $"/{owner}/v1/management/maintenance/{id}/complete",
            $"/{owner}/v1/management/maintenance/{id}/purge", $"/{owner}/v1/management/maintenance/{id}/events", $"/{owner}/v1/management/keys", $"/{owner}/v1/management/keys/{id}",
            $"/{owner}/v1/management/keys/{id}/rotate", $"/{owner}/v1/heartbeats", "/v1/platform/projects", $"/v1/platform/projects/{owner}/keys", "/v1/platform/heartbeats",
            "/xerotier.health.v1.Heartbeats/Report", "/grpc.health.v1.Health/Check", "/metrics", "/.git/config", "/nothing"]);
        path = random.Next(16) switch
        {
            0 => path.Replace("/", "//", StringComparison.Ordinal),
            1 => path.Replace("/", "%2F", StringComparison.Ordinal),
            2 => path.Replace("/", "\\", StringComparison.Ordinal),
            3 => path + "/..",
            4 => path + "/../../" + project,
            5 => path.ToUpperInvariant(),
            6 => path + Pick(["%", "%zz", "%ff%fe", "%c0%ae", "%00", ";a=b", "#x", " ", "/", "/.", "?"]),
            7 => $"http://elsewhere{path}",
            9 => $"http://elsewhere?x={path}",
            8 when random.Next(4) == 0 => path + "/" + new string('x', random.Next(1, 9000)),
            _ => path,
        };
        return random.Next(4) == 0
            ? path + "?" + Pick(["limit=1", "limit=-1", "limit=abc", "limit=1&limit=2", "after=%00", "after=proj_x", "status=active&status=bad", "month=2026-13", "month=0000-00", "month=99999-01", "%ff", "a[]=1", "limit=%D9%A1", "&&&===", "x=" + new string('y', random.Next(1, 3000)), "q=ÿ", "limit=99999999999999999999"])
            : path;
    }

    private bool Authorization(StringBuilder head)
    {
        var value = random.Next(12) switch
        {
            < 6 => $"Bearer {key}",
            6 => $"Bearer {platformKey}",
            7 => $"bearer {key}",
            8 => Pick(["", "Bearer", "Bearer ", "Basic YTpi", $"Bearer {key}x", $"Bearer {key[..^1]}", $"Bearer  {key}", $"Bearer {key},Bearer {key}", "Bearer ey.ey.ey", $"Token {key}", $"Bearer {Keys.ApiKeyValue.Create("x")}", "Bearer " + new string('k', 5000)]),
            _ => null,
        };
        if (value is not null)
        {
            head.Append("Authorization: ").Append(value).Append("\r\n");
            if (random.Next(30) == 0)
            {
                head.Append("Authorization: Bearer second\r\n");
            }
        }

        return false;
    }

    /// <returns>Whether the server may end the connection over them.</returns>
    private bool Headers(StringBuilder head)
    {
        var broken = false;
        if (random.Next(4) != 0)
        {
            head.Append("Content-Type: ").Append(random.Next(6) == 0 ? Pick(["text/plain", "application/json; charset=utf-16", "application/jsonx", "", "application/grpc", "application/xml", "application/json;;", "multipart/form-data; boundary=x"]) : "application/json").Append("\r\n");
        }

        for (var i = random.Next(4); i > 0; i--)
        {
            var (name, value) = random.Next(22) switch
            {
                0 => ("X-Request-Id", Pick(["ok-1", "a b", new string('r', 200), "\u00ff", "<x>"])),
                1 => ("X-Forwarded-For", Pick(["127.0.0.1", "1.2.3.4, 5.6.7.8", "::1", ",,,", new string('1', 3000)])),
                2 => ("Accept-Encoding", Pick(["gzip", "br", "gzip;q=0", "*;q=0", ",,,;;;", new string(',', 3000), "gzip;q=nan"])),
                3 => ("If-None-Match", Pick(["*", "\"x\"", "W/\"x\"", ",,,", "\"", new string('"', 3000)])),
                4 => ("If-Match", Pick(["*", "\"x\"", "x"])),
                5 => ("Idempotency-Key", Pick(["k", "", new string('k', 3000), "\u00e9"])),
                6 => ("Upgrade", Pick(["websocket", "h2c", "SPDY/3.1"])),
                7 => ("Connection", Pick(["upgrade", "close", "keep-alive", "Authorization", "upgrade, http2-settings"])),
                8 => ("Content-Encoding", Pick(["gzip", "br", "identity"])),
                9 => ("X-HTTP-Method-Override", "DELETE"),
                10 => ("Range", Pick(["bytes=0-1", "bytes=-1", "bytes=9-1"])),
                11 => ("Cookie", new string('c', random.Next(1, 4000))),
                12 => ("Accept", Pick(["application/json", "text/html;q=0", "*/*", "\u0001"])),
                13 => ("traceparent", Pick(["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-zz", ""])),
                14 => ("grpc-timeout", Pick(["1S", "-1", "99999999H"])),
                15 => ("Expect", Pick(["100-continue", "200-ok"])),
                16 => ("TE", "trailers"),
                17 => ("X-Original-URL", "/v1/platform/projects"),
                18 => ("Forwarded", "for=127.0.0.1;proto=https"),
                19 => ("Trailer", "Authorization"),
                20 => ("Bad Name", "x"),
                _ => ($"X-{random.Next(100)}", Pick(Texts)),
            };
            broken = broken || value.Any(char.IsControl) || name == "Bad Name" || name is "Expect" or "Connection" or "Upgrade";
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        if (random.Next(300) == 0)
        {
            for (var i = 0; i < 200; i++)
            {
                head.Append("X-Many-").Append(i).Append(": 1\r\n");
            }

            broken = true;
        }

        return broken;
    }

    private byte[] Body()
    {
        switch (random.Next(14))
        {
            case 0:
                return [];
            case 1:
                return Encoding.UTF8.GetBytes(new string('[', random.Next(1, 5000)));
            case 2:
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", random.Next(1, 2000))));
            case 3:
                var noise = new byte[random.Next(1, 500)];
                random.NextBytes(noise);
                return noise;
            case 4:
                return [.. "{\"name\":\""u8, 0xff, 0xfe, 0xc0, 0x80, .. "\"}"u8];
            case 5 when random.Next(10) == 0:
                return Encoding.UTF8.GetBytes($$"""{"name":"{{new string('n', random.Next(60_000, 200_000))}}"}""");
            case 6:
                return Encoding.UTF8.GetBytes(Pick(["null", "[]", "1", "\"x\"", "{}", "{", "{}{}", " ", "\uFEFF{}", "{\"a\":1,\"a\":2}", "{\"a\":1,}", "// c\n{}", "{'a':1}", "{\"\\ud800\":1}"]));
            default:
                var fields = new[] { "name", "slug", "platform", "scopes", "expires_at", "allowed_ips", "title", "description", "starts_at", "ends_at", "heartbeats", "id", "__proto__" };
                return Encoding.UTF8.GetBytes("{" + string.Join(',', Enumerable.Range(0, random.Next(1, 6)).Select(_ => $"\"{Pick(fields)}\":{Value(0)}")) + "}");
        }
    }

    private string Value(int depth) => random.Next(depth > 3 ? 5 : 8) switch
    {
        0 => "null",
        1 => Pick(["true", "false"]),
        2 => Pick(["0", "-1", "1e400", "1.5", "12345678901234567890"]),
        3 => $"\"{Pick(Texts).Replace("\"", "", StringComparison.Ordinal)}\"",
        4 => Pick(["\"2026-05-22T02:00:00Z\"", "\"2026-02-30T00:00:00Z\"", "\"9999-12-31T23:59:59-14:00\"", "\"0001-01-01T00:00:00+14:00\"", "\"10.0.0.0/8\"", "\"management\"", "\"heartbeat\"", "\"demo\""]),
        5 => "[" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth + 1))) + "]",
        6 => "[\"management\"]",
        _ => "{" + string.Join(',', Enumerable.Range(0, random.Next(3)).Select(i => $"\"k{i}\":{Value(depth + 1)}")) + "}",
    };

    private byte[] Chunked(byte[] body, ref bool broken)
    {
        using var chunks = new MemoryStream();
        for (var at = 0; at < body.Length;)
        {
            var size = Math.Min(body.Length - at, random.Next(1, 5000));
            chunks.Write(Encoding.ASCII.GetBytes(size.ToString("x", CultureInfo.InvariantCulture) + (random.Next(20) == 0 ? ";ext=1" : "") + "\r\n"));
            chunks.Write(body, at, size);
            chunks.Write("\r\n"u8);
            at += size;
        }

        switch (random.Next(15))
        {
            case 0:
                chunks.Write("zz\r\nx\r\n0\r\n\r\n"u8);
                broken = true;
                break;
            case 1:
                chunks.Write("ffffffffffffffff\r\n"u8);
                broken = true;
                break;
            case 2:
                broken = true; // no last chunk
                break;
            case 3:
                chunks.Write("0\r\nAuthorization: Bearer x\r\n\r\n"u8);
                break;
            default:
                chunks.Write("0\r\n\r\n"u8);
                break;
        }

        return chunks.ToArray();
    }

    private T Pick<T>(T[] items) => items[random.Next(items.Length)];
}

/// <summary>The answer to a raw request.</summary>
internal sealed record RawAnswer(int Status, string Body, bool HasRequestId, bool IsHead);

/// <summary>A connection that says exactly what it is told, and reads one answer for it; a new one whenever the old one ended or may be out of step.</summary>
internal sealed class RawConnection(Uri address) : IDisposable
{
    private TcpClient? client;

    public async Task<RawAnswer?> SendAsync(HostileRequest request)
    {
        client ??= await ConnectAsync();
        var stream = client.GetStream();
        var reuse = !request.Broken;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            try
            {
                await stream.WriteAsync(request.Bytes, deadline.Token);
                if (request.Broken)
                {
                    client.Client.Shutdown(SocketShutdown.Send); // nothing more will come
                }
            }
            catch (IOException)
            {
                reuse = false; // refused before it was read to its end: the answer may be there already
            }

            var answer = await ReadAsync(stream, request.IsHead, request.Broken, deadline.Token);
            reuse &= answer is { Close: false };
            return answer?.Answer;
        }
        catch (IOException)
        {
            reuse = false;
            return null;
        }
        finally
        {
            if (!reuse)
            {
                client?.Dispose();
                client = null;
            }
        }
    }

    public void Dispose() => client?.Dispose();

    private async Task<TcpClient> ConnectAsync()
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(IPAddress.Loopback, address.Port);
        return tcp;
    }

    private static async Task<(RawAnswer Answer, bool Close)?> ReadAsync(NetworkStream stream, bool isHead, bool isBroken, CancellationToken cancellation)
    {
        var received = new List<byte>(1024);
        var buffer = new byte[16 * 1024];
        int end;
        while ((end = HeadEnd(received)) < 0)
        {
            var read = await stream.ReadAsync(buffer, cancellation);
            if (read == 0)
            {
                return null;
            }

            received.AddRange(buffer.AsSpan(0, read));
        }

        var head = Encoding.Latin1.GetString([.. received[..end]]).Split("\r\n");
        var status = int.Parse(head[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = head.Skip(1).Select(line => line.Split(": ", 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        if (status == 100)
        {
            received.RemoveRange(0, end + 4);
            return null; // the caller takes a broken request for it
        }

        var body = received[(end + 4)..];
        var hasNoBody = isHead || status is 204 or 304;
        async Task<bool> MoreAsync()
        {
            var read = await stream.ReadAsync(buffer, cancellation);
            body.AddRange(buffer.AsSpan(0, read));
            return read > 0;
        }

        if (!hasNoBody && headers["Content-Length"].FirstOrDefault() is { } length)
        {
            var whole = int.Parse(length, CultureInfo.InvariantCulture);
            while (body.Count < whole && await MoreAsync())
            {
            }

            // What follows answers what a broken request left on the connection; to a whole one nothing may follow.
            Assert.True(body.Count <= whole || isBroken, "More was answered than was asked.");
            body.RemoveRange(Math.Min(whole, body.Count), Math.Max(0, body.Count - whole));
        }
        else if (!hasNoBody && headers["Transfer-Encoding"].Any())
        {
            while (!Encoding.Latin1.GetString([.. body[Math.Max(0, body.Count - 7)..]]).EndsWith("0\r\n\r\n", StringComparison.Ordinal) && await MoreAsync())
            {
            }
        }

        var close = headers["Connection"].Any(value => value.Contains("close", StringComparison.OrdinalIgnoreCase));
        return (new(status, Encoding.UTF8.GetString([.. body]), headers.Contains("X-Request-Id"), isHead), close);
    }

    private static int HeadEnd(List<byte> received)
    {
        for (var i = 3; i < received.Count; i++)
        {
            if (received[i] == '\n' && received[i - 1] == '\r' && received[i - 2] == '\n' && received[i - 3] == '\r')
            {
                return i - 3;
            }
        }

        return -1;
    }
}
