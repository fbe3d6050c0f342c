using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Subscriptions;

/// <summary>Who is told: subscriptions with what came of their messages.</summary>
internal static class SubscriptionEndpoints
{
    private const string Root = "/console/subscriptions";
    private static readonly string[] Fields = ["channel", "target", "components", "events"];

    public static void MapSubscriptions(this IEndpointRouteBuilder pages)
    {
        var subscriptions = pages.MapGroup("subscriptions");
        subscriptions.MapGet("", ListAsync);
        subscriptions.MapGet("new", (Visit visit) => FormAsync(visit, null, FormValues.Of(("channel", "webhook"), ("events", EventNames.Default.ToArray()))));
        subscriptions.MapPost("new", CreateAsync);
        subscriptions.MapGet("{id}", (Visit visit, string id) => ShowAsync(visit, id));
        subscriptions.MapGet("{id}/edit", EditAsync);
        subscriptions.MapPost("{id}/edit", SaveAsync);
        subscriptions.MapPost("{id}/delete", DeleteAsync);
        subscriptions.MapPost("{id}/rotate", RotateAsync);
        subscriptions.MapPost("{id}/test", (Visit visit, string id) => ActAsync(visit, id, "/test", "tested"));
        subscriptions.MapPost("{id}/deliveries/{delivery}/retry", (Visit visit, string id, string delivery) => ActAsync(visit, id, $"/deliveries/{Uri.EscapeDataString(delivery)}/retry", "retried"));
        subscriptions.MapPost("{id}/enable", (Visit visit, string id) => SetStateAsync(visit, id, "active"));
        subscriptions.MapPost("{id}/disable", (Visit visit, string id) => SetStateAsync(visit, id, "disabled"));
    }

    private static string PathOf(Visit visit, string id) => visit.OfProject($"management/subscriptions/{Uri.EscapeDataString(id)}");

    private static async Task<IResult> ListAsync(Visit visit)
    {
        var list = await visit.Api.GetAsync(visit.OfProject($"management/subscriptions?{visit.ListQuery(50)}"), ContractsJson.Wire.ListPageSubscription);
        return visit.Page<SubscriptionsPage>(new() { [nameof(SubscriptionsPage.List)] = list });
    }

    private static async Task<IResult> ShowAsync(Visit visit, string id, string? problem = null, int status = 200)
    {
        var subscription = visit.Api.GetAsync(PathOf(visit, id), ContractsJson.Wire.Subscription);
        var deliveries = DeliveriesAsync(visit, id);
        return await PageAsync(visit, await subscription, await deliveries, problem, status);
    }

    /// <summary>One with a secret that was made just now: it is shown whatever else fails, for nobody can read it again.</summary>
    private static async Task<IResult> ShowAsync(Visit visit, SubscriptionWithSecret made, int status)
    {
        try
        {
            return await PageAsync(visit, made, await DeliveriesAsync(visit, made.Id), null, status, made.Secret);
        }
        catch (ApiException)
        {
            return await PageAsync(visit, made, null, "Its messages cannot be read right now.", status, made.Secret);
        }
    }

    private static Task<ListPage<Delivery>> DeliveriesAsync(Visit visit, string id) =>
        visit.Api.GetAsync(PathOf(visit, id) + $"/deliveries?{visit.ListQuery(50)}", ContractsJson.Wire.ListPageDelivery);

    private static async Task<IResult> PageAsync(Visit visit, Subscription subscription, ListPage<Delivery>? deliveries, string? problem, int status, string? secret = null) => visit.Page<SubscriptionPage>(
        new()
        {
            [nameof(SubscriptionPage.Subscription)] = subscription,
            [nameof(SubscriptionPage.Deliveries)] = deliveries,
            [nameof(SubscriptionPage.Problem)] = problem,
            [nameof(SubscriptionPage.Secret)] = secret,
            [nameof(SubscriptionPage.Names)] = subscription.Components.Count == 0 ? null : (await visit.PublicAsync(GatewayApi.Briefly))?.Indicators.ToDictionary(indicator => indicator.Id, indicator => indicator.Name),
        },
        status);

    private static async Task<IResult> CreateAsync(Visit visit)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        SubscriptionWithSecret made;
        try
        {
            var body = Body(form);
            body["channel"] = form["channel"];
            made = (await visit.Api.SendAsync(HttpMethod.Post, visit.OfProject("management/subscriptions"), body, ContractsJson.Wire.SubscriptionWithSecret)).Value;
        }
        catch (ApiException refused)
        {
            form.Refuse(refused.Error, Fields);
            return await FormAsync(visit, null, form);
        }

        return await ShowAsync(visit, made, StatusCodes.Status201Created);
    }

    private static async Task<IResult> EditAsync(Visit visit, string id)
    {
        var (subscription, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Subscription);
        return await FormAsync(visit, subscription, FormValues.Of(
            ("channel", subscription.Channel.Wire()), ("target", subscription.Target), (FormValues.Was("target"), subscription.Target), ("components", new StringValues([.. subscription.Components])), ("events", new StringValues([.. subscription.Events])), (FormValues.VersionField, tag)));
    }

    private static async Task<IResult> SaveAsync(Visit visit, string id)
    {
        var form = await FormValues.ReadAsync(visit.Http.Request);
        try
        {
            var body = Body(form);
            if (form.IsAsMade("target"))
            {
                body.Remove("target");
            }

            await visit.Api.SendAsync(HttpMethod.Patch, PathOf(visit, id), body, ContractsJson.Wire.Subscription, form.Version);
            return Visit.See($"{Root}/{id}", "saved");
        }
        catch (ApiException refused)
        {
            form.Refuse(refused.Error, Fields);
        }

        var (subscription, tag) = await visit.Api.FindAsync(PathOf(visit, id), ContractsJson.Wire.Subscription);
        form.TakeNewer(tag);
        form.TakeNewer("target", subscription.Target); // of Slack's it is not the whole, and must not be sent
        return await FormAsync(visit, subscription, form);
    }

    private static async Task<IResult> DeleteAsync(Visit visit, string id)
    {
        await visit.Api.SendAsync(HttpMethod.Delete, PathOf(visit, id), null, ContractsJson.Wire.SubscriptionDeleted);
        return Visit.See(Root, "deleted");
    }

    private static async Task<IResult> RotateAsync(Visit visit, string id)
    {
        try
        {
            var rotated = await visit.Api.SendAsync(HttpMethod.Post, PathOf(visit, id) + "/rotate", null, ContractsJson.Wire.SubscriptionWithSecret);
            return await ShowAsync(visit, rotated.Value, StatusCodes.Status200OK);
        }
        catch (ApiException refused) when (refused.Error.Status is 400 or 409)
        {
            return await ShowAsync(visit, id, refused.Error.Message, refused.Error.Status);
        }
    }

    private static async Task<IResult> ActAsync(Visit visit, string id, string verb, string done)
    {
        try
        {
            await visit.Api.SendAsync(HttpMethod.Post, PathOf(visit, id) + verb, null, ContractsJson.Wire.Delivery);
            return Visit.See($"{Root}/{id}", done);
        }
        catch (ApiException refused) when (refused.Error.Status is 400 or 409)
        {
            return await ShowAsync(visit, id, refused.Error.Message, refused.Error.Status);
        }
    }

    private static async Task<IResult> SetStateAsync(Visit visit, string id, string state)
    {
        try
        {
            await visit.Api.SendAsync(HttpMethod.Patch, PathOf(visit, id), new() { ["state"] = state }, ContractsJson.Wire.Subscription);
            return Visit.See($"{Root}/{id}", "saved");
        }
        catch (ApiException refused) when (refused.Error.Status is 400 or 409)
        {
            return await ShowAsync(visit, id, refused.Error.Message, refused.Error.Status);
        }
    }

    /// <summary>The components that a form names, by their ids.</summary>
    public static IReadOnlyList<string> Components(FormValues form) => form.AllOf("components", "other_components");

    private static JsonObject Body(FormValues form) => new()
    {
        ["target"] = form["target"],
        ["components"] = Components(form).ToJson(),
        ["events"] = form.AllOf("events").ToJson(),
    };

    private static async Task<IResult> FormAsync(Visit visit, Subscription? subscription, FormValues form)
    {
        var page = await visit.PublicAsync(GatewayApi.Briefly);
        return visit.Page<SubscriptionFormPage>(
            new()
            {
                [nameof(SubscriptionFormPage.Subscription)] = subscription,
                [nameof(SubscriptionFormPage.Form)] = form,
                [nameof(SubscriptionFormPage.Components)] = page?.Indicators.Select(indicator => (indicator.Id, indicator.Name)).ToList(),
            },
            form.Status);
    }
}

/// <summary>What a subscription may be told of (notifications.md, section 21).</summary>
internal static class EventNames
{
    /// <summary>All of them, with what they are.</summary>
    public static readonly IReadOnlyList<(string Name, string Text)> All =
    [
        ("incident.created", "An incident is posted"), ("incident.updated", "An incident has news"), ("incident.resolved", "An incident is resolved"), ("incident.postmortem", "A postmortem is posted"),
        ("maintenance.scheduled", "Maintenance is planned"), ("maintenance.rescheduled", "Maintenance is moved"), ("maintenance.reminder", "Maintenance comes soon"), ("maintenance.started", "Maintenance begins"),
        ("maintenance.overrunning", "Maintenance runs over"), ("maintenance.completed", "Maintenance is completed"), ("maintenance.cancelled", "Maintenance is cancelled"),
        ("component.status_changed", "A component's status changes"),
    ];

    /// <summary>All but the one that comes often.</summary>
    public static IEnumerable<string> Default => All.Select(one => one.Name).Where(name => name != "component.status_changed");
}
