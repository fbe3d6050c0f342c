using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Xerotier.NotificationService.Sending;

/// <summary>The body of one message: a start of its own, and what it may share with others, which is copied for none of them.</summary>
/// <param name="Start">How it begins.</param>
/// <param name="Rest">How it goes on.</param>
internal readonly record struct MessageBody(ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> Rest)
{
    /// <summary>How many bytes it has.</summary>
    public int Length => Start.Length + Rest.Length;

    /// <summary>Adds its bytes to what is hashed.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        hash.AppendData(Start.Span);
        hash.AppendData(Rest.Span);
    }

    /// <summary>It as the content of a request: JSON.</summary>
    public HttpContent ToContent() => new Content(this);

    private sealed class Content : HttpContent
    {
        private static readonly MediaTypeHeaderValue Json = new("application/json");

        private readonly MessageBody body;

        public Content(MessageBody body)
        {
            this.body = body;
            Headers.ContentType = Json;
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(body.Start, cancellationToken);
            await stream.WriteAsync(body.Rest, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
