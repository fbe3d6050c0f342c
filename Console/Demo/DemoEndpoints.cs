using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Demo;

/// <summary>Section <c>Demo</c>.</summary>
public sealed class DemoOptions
{
    /// <summary>Where the simulated fleet of this machine is told who falls silent. Default: there is none, and no page for it.</summary>
    public Uri? FleetUrl { get; set; }
}

/// <summary>How many of each kind of sender.</summary>
/// <param name="Routers">Routers.</param>
/// <param name="SharedAgents">Shared agents.</param>
/// <param name="PrivateAgents">The demo project's own agents.</param>
public sealed record Senders(int Routers, int SharedAgents, int PrivateAgents);

/// <summary>The simulated fleet.</summary>
/// <param name="Fleet">All of it.</param>
/// <param name="Silent">Those that are silent.</param>
/// <param name="StaleAfterSeconds">How long a sender is silent until it counts as stale.</param>
public sealed record FleetState(Senders Fleet, Senders Silent, double StaleAfterSeconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FleetState))]
[JsonSerializable(typeof(SilentRequest))]
internal sealed partial class FleetJson : JsonSerializerContext;

/// <summary>What the simulated fleet is told.</summary>
internal sealed record SilentRequest(Senders Silent);

/// <summary>A page of a demo alone: routers and agents fall silent and speak again, beside what the public page says of it.</summary>
internal static class DemoEndpoints
{
    private const string Root = "/console/demo";

    public static void AddDemo(this IServiceCollection services)
    {
        services.AddOptions<DemoOptions>().BindConfiguration("Demo");
        services.AddHttpClient<FleetControl>(http => http.Timeout = TimeSpan.FromSeconds(5)).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false });
    }

    public static void MapDemo(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("demo", (Visit visit, FleetControl control) => ShowAsync(visit, control));
        pages.MapPost("demo", SetAsync);
    }

    private static async Task<IResult> ShowAsync(Visit visit, FleetControl control, FormValues? form = null)
    {
        _ = (control.Address, visit.Platform());
        var state = await control.GetAsync(visit.Http.RequestAborted);
        var page = await visit.Api.GetStatusAsync();
        form ??= FormValues.Of(("routers", $"{state.Silent.Routers}"), ("shared_agents", $"{state.Silent.SharedAgents}"), ("private_agents", $"{state.Silent.PrivateAgents}"));
        return visit.Page<DemoPage>(new() { [nameof(DemoPage.State)] = state, [nameof(DemoPage.Public)] = page, [nameof(DemoPage.Form)] = form }, form.Status);
    }

    private static async Task<IResult> SetAsync(Visit visit, FleetControl control)
    {
        _ = (control.Address, visit.Platform());
        var form = await FormValues.ReadAsync(visit.Http.Request);
        var state = await control.GetAsync(visit.Http.RequestAborted);
        var wanted = form["action"] == "all" ? new Senders(0, 0, 0)
            : new Senders(Number("routers", state.Fleet.Routers), Number("shared_agents", state.Fleet.SharedAgents), Number("private_agents", state.Fleet.PrivateAgents));
        if (form.HasErrors)
        {
            return await ShowAsync(visit, control, form);
        }

        await control.SilenceAsync(wanted, visit.Http.RequestAborted);
        return Visit.See(Root, "set");

        int Number(string name, int most)
        {
            if (int.TryParse(form[name], out var number) && number >= 0 && number <= most)
            {
                return number;
            }

            form.Fail(name, $"Enter a number from 0 to {most}.");
            return 0;
        }
    }
}

/// <summary>Talks to the simulated fleet.</summary>
/// <param name="http">Sends.</param>
/// <param name="options">Where it is.</param>
internal sealed class FleetControl(HttpClient http, IOptions<DemoOptions> options)
{
    /// <summary>Where it is.</summary>
    /// <exception cref="ApiException">404: there is no demo.</exception>
    public Uri Address => options.Value.FleetUrl ?? throw new ApiException(ApiErrors.NotFound("There is no demo here."));

    /// <summary>The fleet, and who is silent.</summary>
    /// <exception cref="ApiException">404: there is no demo. 503: the fleet does not respond.</exception>
    public Task<FleetState> GetAsync(CancellationToken cancellation) => AskAsync(address => http.GetAsync(address, cancellation), Address, cancellation);

    /// <summary>Lets some fall silent, and all others speak.</summary>
    /// <exception cref="ApiException">As above.</exception>
    public Task SilenceAsync(Senders silent, CancellationToken cancellation) =>
        AskAsync(address => http.PutAsJsonAsync(address, new(silent), FleetJson.Default.SilentRequest, cancellation), Address, cancellation);

    private static async Task<FleetState> AskAsync(Func<Uri, Task<HttpResponseMessage>> ask, Uri address, CancellationToken cancellation)
    {
        try
        {
            using var response = await ask(address);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync(FleetJson.Default.FleetState, cancellation) ?? throw new ApiException(ApiErrors.ServiceUnavailable);
        }
        catch (HttpRequestException)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable with { Message = "The simulated fleet does not respond." });
        }
    }
}
