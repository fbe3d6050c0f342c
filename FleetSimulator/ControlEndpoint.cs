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
            Change? change;
            try
            {
                change = await JsonSerializer.DeserializeAsync<Change>(request.Body, json.Value.SerializerOptions, cancellation);
            }
            catch (JsonException failure)
            {
                return Results.BadRequest(new { error = new { message = failure.Message } });
            }

            var now = fleet.Silent;
            var wanted = change is null ? now : new Numbers(
                change.Silent.Routers ?? now.Routers,
                change.Silent.SharedAgents ?? now.SharedAgents,
                change.Silent.PrivateAgents ?? now.PrivateAgents);
            if (!wanted.FitIn(fleet.Fleet))
            {
                return Results.BadRequest(new { error = new { message = "silent must be between 0 and the size of the fleet.", fleet = fleet.Fleet } });
            }

            fleet.Silent = wanted;
            return Results.Ok(State(fleet));
        });
    }

    private static object State(SimulatedFleet fleet) => new { fleet = fleet.Fleet, silent = fleet.Silent };

    internal sealed record Change([property: JsonRequired] Silence Silent);

    /// <summary>How many are silent from now on; what is absent stays.</summary>
    internal sealed record Silence(int? Routers, int? SharedAgents, int? PrivateAgents);
}
