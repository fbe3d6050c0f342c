using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>A registry with one image for linux-x64, as small as an image can be: what the SDK asks before it puts a service on top. It is root's, and has a port of its own, so that what a service's image says of both is the service's.</summary>
internal sealed class StubRegistry : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Dictionary<string, (string Type, byte[] Content)> served = [];

    private StubRegistry()
    {
        var (layer, layerId) = Layer();
        var configuration = Encode(new()
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject { ["User"] = "0", ["Env"] = new JsonArray("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ASPNETCORE_HTTP_PORTS=8080"), ["WorkingDir"] = "/" },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(layerId) },
            ["history"] = new JsonArray(new JsonObject { ["created_by"] = "test" }),
        });
        const string Docker = "application/vnd.docker.";
        var manifest = Encode(new()
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = $"{Docker}distribution.manifest.v2+json",
            ["config"] = Descriptor($"{Docker}container.image.v1+json", configuration),
            ["layers"] = new JsonArray(Descriptor($"{Docker}image.rootfs.diff.tar.gzip", layer)),
        });
        served["manifests/10.0"] = served[$"manifests/{Digest(manifest)}"] = ($"{Docker}distribution.manifest.v2+json", manifest);
        served[$"blobs/{Digest(configuration)}"] = ($"{Docker}container.image.v1+json", configuration);
        served[$"blobs/{Digest(layer)}"] = ("application/octet-stream", layer);

        Port = TestPorts.Free();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{Port}");
        app = builder.Build();
        app.MapGet("/v2/", () => Results.Ok());
        app.MapMethods("/v2/base/{**what}", ["GET", "HEAD"], (string what, HttpResponse response) =>
        {
            if (!served.TryGetValue(what, out var found))
            {
                return Results.NotFound();
            }

            response.Headers["Docker-Content-Digest"] = Digest(found.Content);
            return Results.Bytes(found.Content, found.Type);
        });
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>The image's name.</summary>
    public string Image => $"localhost:{Port}/base:10.0";

    /// <summary>Starts it.</summary>
    public static async Task<StubRegistry> StartAsync()
    {
        var registry = new StubRegistry();
        await registry.app.StartAsync();
        return registry;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static (byte[] Compressed, string Id) Layer()
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "etc/"));
        }

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(tar.ToArray());
        }

        return (compressed.ToArray(), Digest(tar.ToArray()));
    }

    private static byte[] Encode(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    private static JsonObject Descriptor(string type, byte[] content) => new() { ["mediaType"] = type, ["size"] = content.Length, ["digest"] = Digest(content) };
}
