using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Xerotier.Gateway.Tests;

/// <summary>A connection over HTTP/2 that sends what it is told, and heeds nothing that it is told in return.</summary>
internal sealed class RawHttp2 : IDisposable
{
    private const byte Data = 0, Headers = 1;
    private readonly TcpClient tcp = new() { NoDelay = true };

    private RawHttp2()
    {
    }

    /// <summary>Connects, and sends the preface and empty SETTINGS.</summary>
    public static async Task<RawHttp2> ConnectAsync(Uri address)
    {
        var connection = new RawHttp2();
        await connection.tcp.ConnectAsync(IPAddress.Loopback, address.Port);
        await connection.tcp.GetStream().WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0]);
        return connection;
    }

    /// <summary>Begins a POST.</summary>
    /// <param name="stream">The stream, an odd number.</param>
    /// <param name="path">The path.</param>
    /// <param name="ends">Whether it has no body.</param>
    /// <param name="headers">More headers.</param>
    public Task PostAsync(int stream, string path, bool ends, params (string Name, string Value)[] headers) =>
        FrameAsync(Headers, (byte)(ends ? 0x5 : 0x4), stream, [0x83, 0x86, .. Literal(":path", path), .. Literal(":authority", "x"), .. headers.SelectMany(header => Literal(header.Name, header.Value))]);

    /// <summary>Sends a part of the body.</summary>
    public Task DataAsync(int stream, params byte[] body) => FrameAsync(Data, 0, stream, body);

    /// <summary>Waits for a frame of HEADERS or DATA with <paramref name="text"/> in it: literals are readable in it, for as long as the server does not compress them.</summary>
    public async Task ReadUntilAsync(string text)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var head = new byte[9];
        while (true)
        {
            await tcp.GetStream().ReadExactlyAsync(head, deadline.Token);
            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await tcp.GetStream().ReadExactlyAsync(payload, deadline.Token);
            if (head[3] is Data or Headers && Encoding.Latin1.GetString(payload).Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => tcp.Dispose();

    private static byte[] Literal(string name, string value) => [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private async Task FrameAsync(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        (frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 8), (byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await tcp.GetStream().WriteAsync(frame);
    }
}
