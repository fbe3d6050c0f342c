using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Xerotier.FleetSimulator;

/// <summary>Shows the fleet, and sets how many of it are silent: <c>PUT / {"silent":{"routers":2,"shared_agents":0,"private_agents":0}}</c>.</summary>
internal static class ControlEndpoint
{
    public static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
    }

    public static void MapControl(this WebApplication app)
    {
        app.MapGet("/", (SimulatedFleet fleet) => State(fleet));
        // The body's type is not looked at: curl -d calls everything a form.
        app.MapPut("/", async (HttpRequest request, SimulatedFleet fleet, IOptions<JsonOptions> json, CancellationToken cancellation) =>
        {
            Change? change = null;
            try
            {
                change = await JsonSerializer.DeserializeAsync<Change>(request.Body, json.Value.SerializerOptions, cancellation);
            }
            catch (JsonException)
            {
                // as if there were nothing
            }

            if (change?.Silent is not { } silent)
            {
                return Results.BadRequest(new { error = new { message = """Send {"silent":{"routers":0,"shared_agents":0,"private_agents":0}} with whole numbers; what is left out stays.""" } });
            }

            var now = fleet.Silent;
            var wanted = new Numbers(silent.Routers ?? now.Routers, silent.SharedAgents ?? now.SharedAgents, silent.PrivateAgents ?? now.PrivateAgents);
            if (!wanted.FitIn(fleet.Fleet))
            {
                return Results.BadRequest(new { error = new { message = "silent must be between 0 and the size of the fleet.", fleet = fleet.Fleet } });
            }

            fleet.Silent = wanted;
            return Results.Ok(State(fleet));
        });
    }

    private static object State(SimulatedFleet fleet) => new { fleet = fleet.Fleet, silent = fleet.Silent };

    internal sealed record Change(Silence? Silent);

    /// <summary>How many are silent from now on; what is absent stays.</summary>
    internal sealed record Silence(int? Routers, int? SharedAgents, int? PrivateAgents);
}
