using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Site;

using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>Turns models into pages: HTML and JSON, live and stale, with their compressed forms; equal models give equal bytes.</summary>
public sealed class PageRenderer : IDisposable
{
    private const int BrotliQuality = 5;
    private const int BrotliWindow = 18;

    private readonly ILoggerFactory loggers;
    private readonly ServiceProvider services;
    private int isWarm;

    /// <summary>Creates a renderer; one serves a whole process.</summary>
    public PageRenderer(ILoggerFactory loggers, Brand brand)
    {
        this.loggers = loggers;
        services = new ServiceCollection().AddSingleton<HtmlEncoder, PlainHtmlEncoder>().AddSingleton(brand).BuildServiceProvider();
    }

    /// <summary>Renders the status page and its JSON with everything that a Gateway needs to serve them alone.</summary>
    public async ValueTask<PageSnapshot> RenderAsync(StatusPageModel model, CancellationToken cancellationToken)
    {
        var html = await RenderAsync<StatusPage>(new() { [nameof(StatusPage.Model)] = model }, cancellationToken);
        var stale = await RenderAsync<StatusPage>(new() { [nameof(StatusPage.Model)] = model, [nameof(StatusPage.Stale)] = true }, cancellationToken);
        if (Interlocked.Exchange(ref isWarm, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static _ => Markdown.ToHtml("*ready*"), null); // its first use takes a second, for which neither the first page is to wait nor the first incident
        }

        return new PageSnapshot
        {
            GeneratedAt = Timestamp.FromDateTimeOffset(model.GeneratedAt),
            Html = Pack(html),
            Json = Pack(PageJson.Write(model, stale: false)),
            StaleHtml = UnsafeByteOperations.UnsafeWrap(stale),
            StaleJson = UnsafeByteOperations.UnsafeWrap(PageJson.Write(model, stale: true)),
        };
    }

    /// <summary>Renders a month of the history as UTF-8.</summary>
    public async ValueTask<byte[]> RenderHistoryAsync(HistoryPageModel model, CancellationToken cancellationToken) =>
        await RenderAsync<HistoryPage>(new() { [nameof(HistoryPage.Model)] = model }, cancellationToken);

    /// <summary>Renders an incident's own page as UTF-8.</summary>
    public async ValueTask<byte[]> RenderIncidentAsync(IncidentPageModel model, bool stale, CancellationToken cancellationToken) =>
        await RenderAsync<IncidentPage>(new() { [nameof(IncidentPage.Model)] = model, [nameof(IncidentPage.Stale)] = stale }, cancellationToken);

    /// <summary>Renders what other sites show in a frame.</summary>
    public async ValueTask<byte[]> RenderEmbedAsync(StatusPageModel model, bool stale, CancellationToken cancellationToken) =>
        await RenderAsync<EmbedPage>(new() { [nameof(EmbedPage.Model)] = model, [nameof(EmbedPage.Stale)] = stale }, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => services.Dispose();

    private async Task<byte[]> RenderAsync<TPage>(Dictionary<string, object?> parameters, CancellationToken cancellationToken)
        where TPage : IComponent
    {
        cancellationToken.ThrowIfCancellationRequested();
        // A renderer keeps what it rendered until it is disposed, so each page has its own.
        await using var renderer = new HtmlRenderer(services, loggers);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var page = await renderer.RenderComponentAsync<TPage>(ParameterView.FromDictionary(parameters));
            await using var text = new StringWriter(CultureInfo.InvariantCulture);
            page.WriteHtmlTo(text);
            return Utf8(text.GetStringBuilder());
        });
    }

    private static byte[] Utf8(StringBuilder text)
    {
        var encoder = Encoding.UTF8.GetEncoder();
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        var length = 0;
        foreach (var chunk in text.GetChunks()) length += encoder.GetBytes(chunk.Span, buffer.AsSpan(length), flush: false);
        length += encoder.GetBytes([], buffer.AsSpan(length), flush: true);
        var bytes = buffer[..length];
        ArrayPool<byte>.Shared.Return(buffer);
        return bytes;
    }

    /// <summary>A document with its compressed forms.</summary>
    internal static Document Pack(byte[] bytes) => new()
    {
        Identity = UnsafeByteOperations.UnsafeWrap(bytes),
        Gzip = UnsafeByteOperations.UnsafeWrap(Gzip(bytes)),
        Brotli = UnsafeByteOperations.UnsafeWrap(Brotli(bytes)),
        Etag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"",
    };

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream(bytes.Length / 3);
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true)) gzip.Write(bytes);
        return packed.ToArray();
    }

    private static byte[] Brotli(byte[] bytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(bytes.Length));
        var packed = BrotliEncoder.TryCompress(bytes, buffer, out var length, BrotliQuality, BrotliWindow)
            ? buffer[..length]
            : throw new InvalidOperationException("A buffer of the greatest possible length was too small for Brotli.");
        ArrayPool<byte>.Shared.Return(buffer);
        return packed;
    }
}

/// <summary>Registration of <see cref="PageRenderer"/>.</summary>
public static class PageRendererExtensions
{
    /// <summary>Adds the renderer of the status page.</summary>
    public static IServiceCollection AddPageRenderer(this IServiceCollection services) => services.AddSingleton<PageRenderer>();
}
