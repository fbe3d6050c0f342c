using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Xerotier.FleetSimulator;

/// <summary>Shows the fleet, and sets how many senders are silent: <c>PUT / {"silent":{"routers":2,"shared_agents":0,"private_agents":0}}</c>.</summary>
internal static class ControlEndpoint
{
    /// <summary>The JSON options of the endpoint.</summary>
    public static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
    }

    /// <summary>Maps <c>GET /</c> and <c>PUT /</c>.</summary>
    public static void MapControl(this WebApplication app)
    {
        app.MapGet("/", (SimulatedFleet fleet) => State(fleet));
        // The content type is ignored: curl -d sends every body as a form.
        app.MapPut("/", async (HttpRequest request, SimulatedFleet fleet, IOptions<JsonOptions> json, CancellationToken cancellation) =>
        {
            ControlRequest? body = null;
            try
            {
                body = await JsonSerializer.DeserializeAsync<ControlRequest>(request.Body, json.Value.SerializerOptions, cancellation);
            }
            catch (JsonException)
            {
                // the response below says what to send
            }

            if (body?.Silent is not { } silent)
            {
                return Results.BadRequest(new { error = new { message = """Send {"silent":{"routers":0,"shared_agents":0,"private_agents":0}} with whole numbers. Fields you omit keep their value.""" } });
            }

            var now = fleet.Silent;
            var wanted = new SenderCounts(silent.Routers ?? now.Routers, silent.SharedAgents ?? now.SharedAgents, silent.PrivateAgents ?? now.PrivateAgents);
            if (!wanted.FitIn(fleet.Fleet))
            {
                return Results.BadRequest(new { error = new { message = "silent must be between 0 and the size of the fleet.", fleet = fleet.Fleet } });
            }

            fleet.Silent = wanted;
            return Results.Ok(State(fleet));
        });
    }

    private static object State(SimulatedFleet fleet) => new { fleet = fleet.Fleet, silent = fleet.Silent, stale_after_seconds = fleet.StaleAfterSeconds };

    /// <summary>The body of a PUT.</summary>
    internal sealed record ControlRequest(SilentSenders? Silent);

    /// <summary>The new numbers of silent senders; an absent one does not change.</summary>
    internal sealed record SilentSenders(int? Routers, int? SharedAgents, int? PrivateAgents);
}
