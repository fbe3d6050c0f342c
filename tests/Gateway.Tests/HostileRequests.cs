using System.Globalization;
using System.Text;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

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
    /// <summary>Every path that there is, and some that are for others or nobody.</summary>
    private static readonly string[] Paths = [.. OpenApiCheck.Paths, "/grpc.health.v1.Health/Check", "/metrics", "/.git/config", "/nothing"];

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
                var length = random.Next(40) == 0 ? Pick(["-1", "abc", "99999999999999999999", "0x10", $"{body.Length}, {body.Length}", $"{body.Length + 5}", "300000"]) : $"{body.Length}";
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
                return new(bytes, method == "HEAD", broken || body.Length > 256 * 1024);
        }
    }

    private string Target()
    {
        var id = random.Next(6) == 0 ? Pick([".", "..", "%2e%2e", "mw_%00", "mw_/x", "mw_\\x", new string('a', 129), "mw_ÿ", "mw_;x", "*"]) : Pick(["mw_", "mws_", "inc_", "cmp_", "key_"]) + "0123456789";
        var owner = random.Next(8) == 0 ? Pick(["proj_other1", project.ToUpperInvariant(), "proj_", "platform", "v1", "%70roj_x", $"{project}%00", $"x/../{project}", ".."]) : project;
        var path = Pick(Paths)
            .Replace("{project_id}", owner, StringComparison.Ordinal)
            .Replace("{id}", id, StringComparison.Ordinal)
            .Replace("{uid}", "upd_0123456789", StringComparison.Ordinal)
            .Replace("{delivery_id}", "msg_0123456789", StringComparison.Ordinal)
            .Replace("{token}", random.Next(6) == 0 ? id : new string('t', 43), StringComparison.Ordinal);
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
            head.Append("Content-Type: ").Append(random.Next(6) == 0 ? Pick(["text/plain", "application/json; charset=utf-16", "application/jsonx", "", "application/grpc", "application/xml", "application/json;;", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) : "application/json").Append("\r\n");
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
                return Encoding.UTF8.GetBytes($$"""{"name":"{{new string('n', random.Next(100_000, 500_000))}}"}""");
            case 6:
                return Encoding.UTF8.GetBytes(Pick(["null", "[]", "1", "\"x\"", "{}", "{", "{}{}", " ", "\uFEFF{}", "{\"a\":1,\"a\":2}", "{\"a\":1,}", "// c\n{}", "{'a':1}", "{\"\\ud800\":1}"]));
            default:
                var fields = new[] { "name", "slug", "platform", "scopes", "expires_at", "allowed_ips", "title", "description", "starts_at", "ends_at", "heartbeats", "id", "__proto__", "status", "impact", "body", "components", "updates", "rrule", "timezone", "starts_on", "local_time", "duration", "exdates" };
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
