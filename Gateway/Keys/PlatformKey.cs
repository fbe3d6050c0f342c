using Microsoft.Extensions.Options;
using Xerotier.Gateway.Projects;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// Ensures that there is a platform key: the configured one, or one that the first start of the first Gateway creates. That one is written
/// to a file that only its owner can read, never to a log. A configured key that was revoked, rotated or replaced is not brought back.
/// </summary>
internal sealed partial class PlatformKey(PlatformKeyStore store, DemoProject demo, IOptions<PlatformOptions> options, ILogger<PlatformKey> logger)
{
    private bool done;

    /// <summary>Does it once; again after a failure.</summary>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        if (done)
        {
            return;
        }

        await demo.EnsureAsync(); // before anybody has a key to create one of this name with
        var platform = options.Value;
        if (platform.Key is { Length: > 0 } configured)
        {
            var newId = Id.New(PlatformKeyStore.ConfiguredId);
            var (id, usable) = await store.EnsureConfiguredAsync(newId, "platform (configured)", ApiKeyValue.Hash(configured));
            if (!usable)
            {
                LogEnded(logger, id);
            }
        }
        else
        {
            await store.CreateFirstAsync(Id.New("key_"), "platform", () => CreateAsync(platform.KeyFile, cancellation));
        }

        done = true;
    }

    private async Task<byte[]?> CreateAsync(string? file, CancellationToken cancellation)
    {
        if (file is not { Length: > 0 })
        {
            LogNone(logger);
            return null;
        }

        var value = ApiKeyValue.Create("platform");
        var folder = Path.GetDirectoryName(Path.GetFullPath(file));
        if (folder is not null)
        {
            Directory.CreateDirectory(folder);
        }

        // The file first: a key that is only in the database would be lost.
        var created = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        await using (var stream = new StreamWriter(file, created))
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await stream.WriteLineAsync(value.AsMemory(), cancellation);
        }

        LogCreated(logger, file);
        return ApiKeyValue.Hash(value);
    }

    [LoggerMessage(1, LogLevel.Warning, "There is no platform key: set Platform:Key, or set Platform:KeyFile to create one")]
    private static partial void LogNone(ILogger logger);

    [LoggerMessage(2, LogLevel.Information, "The first platform key was created and written to {File}")]
    private static partial void LogCreated(ILogger logger, string file);

    [LoggerMessage(3, LogLevel.Warning, "The configured platform key {KeyId} was revoked or replaced, and stays so: set Platform:Key to a value that is valid, or to a new one")]
    private static partial void LogEnded(ILogger logger, string keyId);
}
