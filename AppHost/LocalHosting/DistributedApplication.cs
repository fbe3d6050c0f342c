using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xerotier.AppHost;

namespace Xerotier.LocalHosting;

/// <summary>
/// Runs the resources as child processes: each as soon as what it waits for is healthy, with free ports and its environment, its
/// output prefixed by its name. It restarts nothing by itself. SIGINT, SIGTERM or SIGHUP stops everything within 5 s.
/// With <c>--control stdin</c> it takes the commands <c>start NAME</c> and <c>stop NAME</c>, and with <c>--state FILE</c> it
/// keeps a list of what runs where: that is how the tests break things.
/// </summary>
internal sealed class DistributedApplication(IConfiguration configuration, ServiceProvider services, IReadOnlyList<Resource> resources) : IDisposable
{
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ServiceGrace = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StoreGrace = TimeSpan.FromSeconds(1.5);

    private readonly List<Instance> instances = [.. resources.OfType<ExecutableResource>().SelectMany(resource =>
        Enumerable.Range(0, resource.Replicas).Select(i => new Instance(resource, i)))];

    private readonly CancellationTokenSource stopping = new();
    private readonly Lock console = new();
    private readonly Lock stateFile = new();

    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => new DistributedApplicationBuilder(args);

    public void Dispose()
    {
        stopping.Dispose();
        services.Dispose();
    }

    /// <summary>Runs until it is told to stop.</summary>
    /// <exception cref="SetupException">A resource ended or stayed unhealthy while the cluster started.</exception>
    public void Run() => RunAsync().GetAwaiter().GetResult();

    private async Task RunAsync()
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            var started = Task.WhenAll(resources.Select(StartResourceAsync));
            if (configuration["control"] == "stdin")
            {
                _ = Task.Run(ControlAsync);
            }

            await started;
            stopping.Token.ThrowIfCancellationRequested();
            Say("apphost", "Ready.");
            await Task.Delay(Timeout.Infinite, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Say("apphost", "Stopping …");
        }
        finally
        {
            await stopping.CancelAsync();
            await StopAllAsync();
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }

    private async Task StartResourceAsync(Resource resource)
    {
        try
        {
            await Task.WhenAll(resource.WaitsFor.Select(dependency => dependency.Healthy.Task)).WaitAsync(stopping.Token);
            foreach (var instance in instances.Where(instance => instance.Resource == resource))
            {
                Start(instance);
            }

            if (resource is ExecutableResource executable)
            {
                await WaitHealthyAsync(executable);
            }

            resource.Healthy.SetResult();
        }
        catch (Exception failure)
        {
            resource.Healthy.TrySetException(failure);
            _ = resource.Healthy.Task.Exception; // whoever waits has it too
            await stopping.CancelAsync(); // one that cannot start ends the start of all
            if (failure is not OperationCanceledException)
            {
                throw;
            }
        }
    }

    private async Task WaitHealthyAsync(ExecutableResource resource)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        patience.CancelAfter(HealthTimeout);
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(2) };
        var replicas = instances.Where(instance => instance.Resource == resource).ToList();
        try
        {
            while (!await IsHealthyAsync())
            {
                if (replicas.FirstOrDefault(instance => instance.Process is { Exited.IsCompletedSuccessfully: true }) is { } dead)
                {
                    throw new SetupException($"{dead.Name} ended with code {await dead.Process!.Exited} while it started; its output is above.");
                }

                await Task.Delay(50, patience.Token);
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new SetupException($"{resource.Name} was not healthy within {HealthTimeout.TotalSeconds} s; its output is above.");
        }

        async Task<bool> IsHealthyAsync()
        {
            if (resource.HealthCheck is { } key)
            {
                var report = await services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == key, patience.Token);
                if (report.Status != HealthStatus.Healthy)
                {
                    return false;
                }
            }

            if (resource.HttpHealth is var (path, name))
            {
                var endpoint = resource.Endpoints.Single(e => e.Name == name);
                foreach (var replica in replicas)
                {
                    try
                    {
                        using var response = await http.GetAsync(new Uri(endpoint.Url(replica.Index) + path), patience.Token);
                        if (response.StatusCode != HttpStatusCode.OK)
                        {
                            return false;
                        }
                    }
                    catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !patience.IsCancellationRequested))
                    {
                        return false;
                    }
                }
            }

            return true;
        }
    }

    private void Start(Instance instance)
    {
        var resource = instance.Resource;
        var environment = resource.Environment.ToDictionary(pair => pair.Key, string? (pair) => pair.Value());
        foreach (var endpoint in resource.Endpoints)
        {
            environment[endpoint.EnvironmentVariable] = $"{endpoint.Port(instance.Index)}";
        }

        if (resource is ProjectResource)
        {
            environment["ASPNETCORE_URLS"] = null; // that of AppHost's launch profile
            environment.TryAdd("Logging__Console__FormatterName", "simple");
            environment.TryAdd("Logging__Console__FormatterOptions__SingleLine", "true");
            environment.TryAdd("DOTNET_gcServer", "0");
            environment.TryAdd("DOTNET_ROOT", Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory())); // wherever ours is
        }

        try
        {
            instance.Process = ChildProcess.Start(resource.Command, resource.Arguments, environment, resource.WorkingDirectory, line => Say(instance.Name, line));
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new SetupException($"{instance.Name} cannot be started: {failure.Message}");
        }

        SaveState();
        _ = ReportExitAsync(instance, instance.Process);
    }

    private async Task ReportExitAsync(Instance instance, ChildProcess process)
    {
        var code = await process.Exited;
        if (!stopping.IsCancellationRequested)
        {
            Say("apphost", $"{instance.Name} ended with code {code}");
            SaveState();
        }
    }

    private async Task StopAllAsync()
    {
        await StopAsync(instances.Where(instance => instance.Resource is ProjectResource), ServiceGrace);
        await StopAsync(instances.Where(instance => instance.Resource is not ProjectResource), StoreGrace);

        static Task StopAsync(IEnumerable<Instance> some, TimeSpan grace) =>
            Task.WhenAll(some.Select(instance => instance.Process?.StopAsync(grace) ?? Task.CompletedTask));
    }

    private async Task ControlAsync()
    {
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ', 2);
            var instance = instances.FirstOrDefault(candidate => candidate.Name == words[^1]);
            switch (words[0])
            {
                case "start" when instance?.Process is null or { Exited.IsCompleted: true }:
                    Start(instance!);
                    break;
                case "stop" when instance is { Process: { } process }:
                    await process.StopAsync(ServiceGrace);
                    break;
                default:
                    Say("apphost", $"Not understood: {line}");
                    break;
            }
        }

        await stopping.CancelAsync(); // whoever controls us is gone
    }

    private void SaveState()
    {
        if (configuration["state"] is not { Length: > 0 } path)
        {
            return;
        }

        lock (stateFile)
        {
            var state = instances.ToDictionary(instance => instance.Name, instance => new
            {
                pid = instance.Process is { Exited.IsCompleted: false } process ? process.Id : 0,
                endpoints = instance.Resource.Endpoints.ToDictionary(endpoint => endpoint.Name, endpoint => endpoint.Url(instance.Index)),
            });
            File.WriteAllText(path + ".new", JsonSerializer.Serialize(state));
            File.Move(path + ".new", path, overwrite: true);
        }
    }

    private void Say(string name, string line)
    {
        lock (console)
        {
            Console.Out.WriteLine($"[{name}] {line}");
        }
    }

    /// <summary>One process of a resource.</summary>
    private sealed class Instance(ExecutableResource resource, int index)
    {
        public string Name => resource.Replicas == 1 ? resource.Name : $"{resource.Name}-{index}";

        public ExecutableResource Resource => resource;

        public int Index => index;

        public ChildProcess? Process { get; set; }
    }
}
