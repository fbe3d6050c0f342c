using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Xerotier.FleetSimulator;

/// <summary>Sends heartbeats as fast as the server acknowledges them, at a given rate, or at rates that rise, and prints the results as JSON objects, each on a line.</summary>
internal static class LoadTest
{
    public static async Task<int> RunAsync(string[] args)
    {
        var options = new ConfigurationBuilder().AddCommandLine(args).Build().Get<LoadOptions>() ?? new();
        var invalid = new List<ValidationResult>();
        if (!Validator.TryValidateObject(options, new(options), invalid, validateAllProperties: true))
        {
            await Console.Error.WriteLineAsync(string.Join('\n', invalid.Select(result => result.ErrorMessage)));
            return 2;
        }

        using var streams = new LoadStreams(options);
        if (options.Ramp > 0)
        {
            return await LoadRamp.RunAsync(options, streams);
        }

        var result = await streams.RunAsync(options.Rate, TimeSpan.FromSeconds(options.Warmup), TimeSpan.FromSeconds(options.Seconds));
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            accepted = result.Accepted,
            seconds = options.Seconds,
            accepted_per_second = result.PerSecond,
            messages = result.Messages,
            latency_ms = result.Latency,
            errors = result.Errors,
        }));
        return result.Errors.Count == 0 ? 0 : 1;
    }
}
