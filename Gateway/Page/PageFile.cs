using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Keeps the last page on disk across this Gateway's own restarts.</summary>
internal sealed partial class PageFile(StatusPage page, IOptions<PageOptions> options, ILogger<PageFile> logger) : BackgroundService
{
    private readonly string? file = options.Value.SnapshotFile is { Length: > 0 } path ? Path.GetFullPath(path) : null;

    // A slow disk delays no one: one page is written while the newest one waits.
    private readonly Channel<PageSnapshot> unsaved = Channel.CreateBounded<PageSnapshot>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly FailureLog failures = new(logger, "The last page cannot be saved to disk; the next one will be tried", "The last page is saved to disk again");

    /// <summary>Saves <paramref name="snapshot"/> soon, unless a newer one comes first.</summary>
    public void Enqueue(PageSnapshot snapshot)
    {
        if (file is not null)
        {
            unsaved.Writer.TryWrite(snapshot);
        }
    }

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Restore();
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        unsaved.Writer.TryComplete(); // the page that waits is still written
        if (ExecuteTask is { } saving)
        {
            await saving.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a disk that hangs must not delay the stop
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var snapshot in unsaved.Reader.ReadAllAsync(CancellationToken.None))
        {
            Save(snapshot, file!);
        }
    }

    private void Save(PageSnapshot snapshot, string file)
    {
        try
        {
            // Written to disk and then renamed: after any crash the file holds the old page or the new one, never a part of one.
            var next = $"{file}.{Environment.ProcessId}.tmp";
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write))
            {
                snapshot.WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(next, file, overwrite: true);
            failures.Succeeded();
        }
        catch (Exception failure)
        {
            failures.Failed(failure);
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
                    : throw new InvalidDataException("The file does not hold a whole page."));
            }
        }
        catch (Exception failure)
        {
            LogNotRestored(logger, failure);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The last page on disk could not be read")]
    private static partial void LogNotRestored(ILogger logger, Exception failure);
}
