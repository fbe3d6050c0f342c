using System.Collections.Concurrent;
#if USE_ASPIRE
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
#else
using System.Diagnostics;
using System.Text.Json;
#endif

namespace Xerotier.TestKit;

#if USE_ASPIRE
/// <summary>Runs AppHost by Aspire, in this process.</summary>
internal sealed class ClusterHost : IAsyncDisposable
{
    public const bool OnAspire = true;

    private readonly DistributedApplication app;
    private readonly Dictionary<string, string?> before;

    private ClusterHost(DistributedApplication app, Dictionary<string, string?> before) => (this.app, this.before) = (app, before);

    public IReadOnlyList<string> Output => [];

    public IReadOnlyCollection<string> Instances => [.. app.Services.GetRequiredService<DistributedApplicationModel>().Resources.Select(resource => resource.Name)];

    public static async Task<ClusterHost> StartAsync(ClusterOptions options, string dataFolder, int port, int grpcPort)
    {
        var before = options.Settings.Keys.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        SetEnvironment(options.Settings);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            [$"--XEROTIER_PORT={port}", $"--XEROTIER_GRPC_PORT={grpcPort}", $"--XEROTIER_DATA={dataFolder}", $"--replicas={options.Replicas}"]);
        var app = await builder.BuildAsync();
        await app.StartAsync();
        await app.ResourceNotifications.WaitForResourceHealthyAsync("fleetsimulator").WaitAsync(TimeSpan.FromMinutes(2));
        return new ClusterHost(app, before);
    }

    public Uri Endpoint(string instance, string endpoint) => app.GetEndpoint(instance, endpoint);

    public int ProcessId(string instance) =>
        app.ResourceNotifications.TryGetCurrentState(instance, out var state)
        && state.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } id ? Convert.ToInt32(id) : 0;

    public Task StartAsync(string instance) => CommandAsync(instance, KnownResourceCommands.StartCommand);

    public Task StopAsync(string instance) => CommandAsync(instance, KnownResourceCommands.StopCommand);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        SetEnvironment(before);
    }

    private static void SetEnvironment(IReadOnlyDictionary<string, string?> variables)
    {
        foreach (var (name, value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    private Task CommandAsync(string instance, string command) =>
        app.Services.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(instance, command);
}
#else
/// <summary>Runs AppHost's executable, as <c>./run</c> does.</summary>
internal sealed class ClusterHost : IAsyncDisposable
{
    public const bool OnAspire = false;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);

    private readonly ConcurrentQueue<string> output = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string stateFile;
    private readonly Process process;

    private ClusterHost(ClusterOptions options, string dataFolder, int port, int grpcPort)
    {
        stateFile = Path.Combine(Path.GetTempPath(), $"xerotier-state-{Guid.NewGuid():N}.json"); // not with the data: that disk may be full
        var start = new ProcessStartInfo(Solution.Executable("AppHost"), ["--control", "stdin", "--state", stateFile, "--replicas", $"{options.Replicas}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XEROTIER_PORT"] = $"{port}";
        start.Environment["XEROTIER_GRPC_PORT"] = $"{grpcPort}";
        start.Environment["XEROTIER_DATA"] = dataFolder;
        foreach (var (name, value) in options.Settings)
        {
            start.Environment[name] = value;
        }

        process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("The cluster ended while it started:\n" + string.Join('\n', output.TakeLast(40))));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        void Keep(string? line)
        {
            if (line is not null)
            {
                output.Enqueue(line);
                if (line == "[apphost] Ready.")
                {
                    ready.TrySetResult();
                }
            }
        }
    }

    public IReadOnlyList<string> Output => [.. output];

    public IReadOnlyCollection<string> Instances => [.. State().RootElement.EnumerateObject().Select(instance => instance.Name)];

    public static async Task<ClusterHost> StartAsync(ClusterOptions options, string dataFolder, int port, int grpcPort)
    {
        var host = new ClusterHost(options, dataFolder, port, grpcPort);
        try
        {
            await host.ready.Task.WaitAsync(StartTimeout);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public Uri Endpoint(string instance, string endpoint) =>
        new(State().RootElement.GetProperty(instance).GetProperty("endpoints").GetProperty(endpoint).GetString()!);

    public int ProcessId(string instance) => State().RootElement.GetProperty(instance).GetProperty("pid").GetInt32();

    public Task StartAsync(string instance) => CommandAsync("start", instance, running: true);

    public Task StopAsync(string instance) => CommandAsync("stop", instance, running: false);

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close(); // AppHost stops everything when its control is gone
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
        File.Delete(stateFile);
    }

    private async Task CommandAsync(string command, string instance, bool running)
    {
        await process.StandardInput.WriteLineAsync($"{command} {instance}");
        await process.StandardInput.FlushAsync();
        for (var waited = Stopwatch.StartNew(); (ProcessId(instance) != 0) != running;)
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(15))
            {
                throw new TimeoutException($"{command} {instance} did not happen:\n" + string.Join('\n', output.TakeLast(20)));
            }

            await Task.Delay(20);
        }
    }

    private JsonDocument State() => JsonDocument.Parse(File.ReadAllBytes(stateFile));
}
#endif
