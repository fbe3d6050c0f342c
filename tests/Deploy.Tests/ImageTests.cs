using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using k8s.Models;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>The images that <c>dotnet publish -t:PublishContainer</c> makes (operations.md section 25), without an engine: into a file, upon the base image of a small registry.</summary>
public sealed class ImageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("xerotier-image-").FullName;

    [Theory]
    [MemberData(nameof(ManifestTests.Services), MemberType = typeof(ManifestTests))]
    public async Task An_image_is_the_published_folder_with_a_user_ports_and_no_shell(string service)
    {
        var project = Variables.Projects[service];
        await using var registry = await StubRegistry.StartAsync();
        var (archive, published) = (Path.Combine(folder, "image.tar"), Path.Combine(folder, "published"));
        await RunAsync(
            [
                "publish", Path.Combine(Solution.Folder, project), "--no-build", "-c", Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!, "-t:PublishContainer", "-v:quiet", "-nologo", "-nodeReuse:false",
                $"-p:ContainerBaseImage={registry.Image}", $"-p:ContainerArchiveOutputPath={archive}", $"-p:PublishDir={published}/",
            ],
            registry);

        var files = Read(File.OpenRead(archive));
        var manifest = JsonNode.Parse(files["manifest.json"])!.AsArray().Single()!;
        Assert.Equal([$"xerotier-status/{service}:1.0.0"], manifest["RepoTags"]!.AsArray().Select(tag => $"{tag}"));
        var image = JsonNode.Parse(files[$"{manifest["Config"]}"])!;
        var configuration = image["config"]!;
        Assert.Equal(("amd64", "linux"), ($"{image["architecture"]}", $"{image["os"]}"));
        Assert.Equal("1654", $"{configuration["User"]}");
        Assert.Equal(["dotnet", $"/app/Xerotier.{project}.dll"], configuration["Entrypoint"]!.AsArray().Select(word => $"{word}"));
        Assert.Null(configuration["Cmd"]);
        Assert.Equal("/app/", $"{configuration["WorkingDir"]}");
        Assert.Subset(configuration["Env"]!.AsArray().Select(variable => $"{variable}").ToHashSet(), new HashSet<string> { "ASPNETCORE_HTTP_PORTS=", "DOTNET_EnableDiagnostics=0" });

        // What the manifests have these images listen on, and nothing else.
        var container = Manifests.Base().Sets.Single(set => set.Metadata.Name == service).Spec.Template.Spec.Containers.Single();
        Assert.Equal(container.Ports.Select(port => $"{port.ContainerPort}/tcp").Order(), ((JsonObject)configuration["ExposedPorts"]!).Select(port => port.Key).Order());

        var layers = manifest["Layers"]!.AsArray();
        Assert.Equal(2, layers.Count);
        var app = Read(new MemoryStream(files[$"{layers[1]}"])).ToDictionary(file => file.Key[(file.Key.IndexOf("app/", StringComparison.Ordinal) + 4)..], file => Convert.ToHexString(SHA256.HashData(file.Value)));
        var expected = Directory.GetFiles(published, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(published, file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
        Assert.Contains($"Xerotier.{project}.dll", expected.Keys);
        Assert.Equal(expected.OrderBy(file => file.Key), app.OrderBy(file => file.Key));
    }

    [Fact]
    public async Task The_base_image_has_no_shell_and_time_zones_where_a_service_asks_for_them()
    {
        foreach (var service in Variables.Projects.Values)
        {
            var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(Solution.Folder, service), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
            var needsZones = sources.Contains("FindSystemTimeZoneById", StringComparison.Ordinal) || sources.Contains("GetSystemTimeZones", StringComparison.Ordinal) || sources.Contains("TimeZoneInfo.Local", StringComparison.Ordinal);
            var text = await RunAsync(["msbuild", Path.Combine(Solution.Folder, service), "-getProperty:ContainerBaseImage,InvariantGlobalization", "-nologo"]);
            var properties = JsonNode.Parse(text)!["Properties"]!;
            Assert.Equal($"mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled{(needsZones ? "-extra" : "")}", $"{properties["ContainerBaseImage"]}");
            Assert.Equal("true", $"{properties["InvariantGlobalization"]}"); // without it ICU would be needed
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static async Task<string> RunAsync(string[] arguments, StubRegistry? registry = null)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Solution.Folder };
        start.Environment["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = $"localhost:{registry?.Port}";
        using var run = Process.Start(start)!;
        var error = run.StandardError.ReadToEndAsync();
        var output = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, output + await error);
        return output;
    }

    /// <summary>The files of an archive.</summary>
    private static Dictionary<string, byte[]> Read(Stream archive)
    {
        using var plain = archive.ReadByte() == 0x1f ? new GZipStream(archive, CompressionMode.Decompress) : archive;
        archive.Position = 0;
        using var reader = new TarReader(plain);
        var files = new Dictionary<string, byte[]>();
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using var content = new MemoryStream();
                data.CopyTo(content);
                files[entry.Name] = content.ToArray();
            }
        }

        return files;
    }
}
