using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Xerotier.Gateway.Tests;

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
