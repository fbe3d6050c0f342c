using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Keeps the last documents on disk across this Gateway's own restarts.</summary>
internal sealed partial class PageFile(PublicDocuments documents, IOptions<PageOptions> options, ILogger<PageFile> logger) : BackgroundService
{
    /// <summary>Saving waits for the disk, which others need too.</summary>
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(1);

    /// <summary>The most bytes on disk (surfaces.md).</summary>
    private const int Largest = 32 * 1024 * 1024;

    private readonly string? file = options.Value.SnapshotFile is { Length: > 0 } path ? Path.GetFullPath(path) : null;

    // A slow disk delays no one: what is newest when it is done is written next.
    private readonly Channel<bool> unsaved = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly CancellationTokenSource stopping = new();
    private readonly FailureLog failures = new(logger, "The last documents cannot be saved to disk; the next ones will be tried", "The last documents are saved to disk again");

    /// <summary>Saves what is newest soon.</summary>
    public void SaveSoon()
    {
        if (file is not null)
        {
            unsaved.Writer.TryWrite(true);
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
        unsaved.Writer.TryComplete(); // what waits is still written
        await stopping.CancelAsync();
        if (ExecuteTask is { } saving)
        {
            await saving.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a disk that hangs must not delay the stop
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        stopping.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in unsaved.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (documents.Snapshot is { } snapshot)
            {
                Save(snapshot, file!);
            }

            await Task.Delay(SaveEvery, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Save(PageSnapshot snapshot, string file)
    {
        try
        {
            if (snapshot.CalculateSize() > Largest)
            {
                snapshot.Documents.Clear(); // the page itself matters most
            }

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
                documents.Restore(snapshot is { GeneratedAt: not null, StaleHtml.Length: > 0, StaleJson.Length: > 0 }
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
