using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Fills <see cref="EdgePage"/> from the StatusService's stream, and keeps the last page on disk for this Gateway's own restart.</summary>
internal sealed partial class PageReceiver(
    StatusPages.StatusPagesClient status, EdgePage page, IOptions<PageOptions> options, TimeProvider time, ILogger<PageReceiver> logger) : BackgroundService
{
    // Two signs of life missed: time is left to find another replica before the page must be marked.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(1200);
    private readonly string? file = options.Value.SnapshotFile is { Length: > 0 } path ? Path.GetFullPath(path) : null;

    // A slow disk holds up nobody: one page is written while the newest one waits.
    private readonly Channel<PageSnapshot> unsaved = Channel.CreateBounded<PageSnapshot>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Restore();
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var saving = SaveAllAsync();
        var watching = ServiceClients.WatchAsync(
            cancellation => status.WatchPage(new WatchPageRequest(), cancellationToken: cancellation),
            ReceiveAsync,
            Silence, time, logger, stoppingToken);

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                page.MarkIfSilent();
            }
        }
        catch (OperationCanceledException)
        {
            // the service stops
        }

        await watching;
        unsaved.Writer.Complete();
        await saving;
    }

    private ValueTask ReceiveAsync(WatchPageResponse response)
    {
        if (response.Page is null)
        {
            page.KeepAlive();
        }
        else
        {
            page.Set(response.Page);
            if (file is not null)
            {
                unsaved.Writer.TryWrite(response.Page);
            }
        }

        return ValueTask.CompletedTask;
    }

    private async Task SaveAllAsync()
    {
        await foreach (var snapshot in unsaved.Reader.ReadAllAsync())
        {
            Save(snapshot, file!);
        }
    }

    private void Save(PageSnapshot snapshot, string file)
    {
        try
        {
            // On disk, and then renamed into place: whatever happens, the old page is found or the new one, never half of one.
            var next = $"{file}.{Environment.ProcessId}.tmp";
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write))
            {
                snapshot.WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(next, file, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(logger, failure);
        }
    }

    private void Restore()
    {
        try
        {
            if (file is not null && File.Exists(file))
            {
                var snapshot = PageSnapshot.Parser.ParseFrom(File.ReadAllBytes(file));
                page.Restore(snapshot is { GeneratedAt: not null, StaleHtml.Length: > 0, StaleJson.Length: > 0 }
                    ? snapshot
                    : throw new InvalidDataException("It does not hold a whole page."));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidProtocolBufferException or InvalidDataException or InvalidOperationException)
        {
            LogNotRestored(logger, failure);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The last page could not be kept on disk")]
    private static partial void LogNotSaved(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Warning, "The last page on disk could not be read")]
    private static partial void LogNotRestored(ILogger logger, Exception failure);
}
