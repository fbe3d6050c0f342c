using System.Text.Json;
using Xerotier.Maintenance.V1;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>The API of subscriptions. The Gateway passes its paths on unchanged.</summary>
internal static class SubscriptionEndpoints
{
    private static readonly ApiError NotOfTenants =
        ApiErrors.ScopeInsufficient(Scopes.Management) with { Message = "Only the platform's own projects have incidents and components; ask for an event of maintenance." };

    public static void AddSubscriptions(this IServiceCollection services)
    {
        services.AddServiceClient<MaintenanceFeed.MaintenanceFeedClient>("maintenanceservice");
        services.AddSingleton<KnownComponents>();
        services.AddSingleton<DeliverySignal>();
        services.AddSingleton<Audience>();
        services.AddSingleton<SubscriptionInput>();
        services.AddSingleton<SubscriptionStore>();
        services.AddSingleton<AddressStore>();
        services.AddHostedService<AddressCleaner>();
        services.AddSingleton<SubscriptionWriter>();
        services.AddSingleton<DeliveryStore>();
    }

    public static void MapSubscriptions(this IEndpointRouteBuilder routes)
    {
        var subscriptions = routes.MapGroup("/{projectId}/v1/management/subscriptions").RequireAuthorization(Policies.Management).AddEndpointFilter<SchemaFilter>();
        subscriptions.MapMethods("", Requests.Read, ListAsync);
        subscriptions.MapPost("", async Task<IResult> (HttpContext http, string projectId, SubscriptionWriter writer) => await writer.CreateAsync(http));
        subscriptions.MapPost("audience", CountAudienceAsync);
        subscriptions.MapMethods("{id}", Requests.Read, GetAsync);
        subscriptions.MapPatch("{id}", async Task<IResult> (HttpContext http, string projectId, string id, SubscriptionWriter writer) => await writer.ChangeAsync(http, projectId, id));
        subscriptions.MapDelete("{id}", async Task<IResult> (HttpContext http, string projectId, string id, SubscriptionWriter writer) => await writer.DeleteAsync(http, projectId, id));
        subscriptions.MapPost("{id}/rotate", async Task<IResult> (HttpContext http, string projectId, string id, SubscriptionWriter writer) => await writer.RotateAsync(http, projectId, id));
        subscriptions.MapPost("{id}/test", TestAsync);
        subscriptions.MapMethods("{id}/deliveries", Requests.Read, ListDeliveriesAsync);
        subscriptions.MapPost("{id}/deliveries/{deliveryId}/retry", RetryAsync);

        subscriptions.Refuse("", "GET, HEAD, POST");
        subscriptions.Refuse("audience", "POST");
        subscriptions.Refuse("{id}", "GET, HEAD, PATCH, DELETE");
        subscriptions.Refuse("{id}/rotate", "POST");
        subscriptions.Refuse("{id}/test", "POST");
        subscriptions.Refuse("{id}/deliveries", "GET, HEAD");
        subscriptions.Refuse("{id}/deliveries/{deliveryId}/retry", "POST");
        subscriptions.Map("{id}/{**rest}", IResult (string projectId) => throw new ApiException(ApiErrors.NotFound()));

        var subscribers = routes.MapGroup("/v1/platform/subscribers").RequireAuthorization(Policies.Platform).AddEndpointFilter<SchemaFilter>();
        subscribers.MapMethods("", Requests.Read, ListSubscribersAsync);
        subscribers.MapDelete("{id}", DeleteSubscriberAsync);
        subscribers.Refuse("", "GET, HEAD");
        subscribers.Refuse("{id}", "DELETE");
        subscribers.Map("{id}/{**rest}", IResult () => throw new ApiException(ApiErrors.NotFound()));
    }

    private static async Task<IResult> ListAsync(HttpContext http, string projectId, SubscriptionStore store)
    {
        var (query, found) = await PageAsync(http, projectId, store);
        return ApiResponse.Page<Subscription>(found, query.Limit, subscription => subscription.Id, ContractsJson.Wire.ListPageSubscription);
    }

    private static async Task<IResult> CountAudienceAsync(HttpContext http, string projectId, SubscriptionInput input, Audience audience)
    {
        var (type, components) = await input.ForAudienceAsync(await Requests.BodyAsync(http.Request), http.RequestAborted);
        var platform = Caller.From(http.User).PlatformProject;
        if (!platform && !EventTypes.IsOfMaintenance(type))
        {
            throw new ApiException(NotOfTenants);
        }

        var counts = await audience.CountAsync(projectId, type, platform, components, http.RequestAborted);
        var counted = new SubscriptionAudience
        {
            Count = counts.Values.Sum(),
            ByChannel = new()
            {
                Webhook = counts.GetValueOrDefault(SubscriptionChannel.Webhook),
                Slack = counts.GetValueOrDefault(SubscriptionChannel.Slack),
                Email = counts.GetValueOrDefault(SubscriptionChannel.Email),
            },
        };
        return new ApiResponse(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(counted, ContractsJson.Wire.SubscriptionAudience));
    }

    /// <summary>Its ETag is of its version alone: counters and results move without it, so it cannot say that a client has what there is.</summary>
    private static async Task<IResult> GetAsync(HttpContext http, string projectId, string id, SubscriptionStore store) =>
        ApiResponse.Ok(await store.RequireAsync(projectId, id, http.RequestAborted), ContractsJson.Wire.Subscription);

    private static async Task<IResult> TestAsync(HttpContext http, string projectId, string id, SubscriptionStore store, DeliveryStore deliveries)
    {
        var idempotency = await Idempotency.OfBareAsync(http.Request);
        if (await deliveries.EarlierAsync(projectId, idempotency, http.RequestAborted) is { } earlier)
        {
            return Tested(earlier);
        }

        while (true)
        {
            var current = await store.RequireAsync(projectId, id, http.RequestAborted);
            EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(current.Version));
            if (current.State != SubscriptionState.Active)
            {
                throw SubscriptionRules.NotActive(current);
            }

            if (await deliveries.TestAsync(current, idempotency, http.RequestAborted) is { } message)
            {
                return Tested(message);
            }
        }

        static ApiResponse Tested(byte[] message) => new(StatusCodes.Status201Created, message);
    }

    private static async Task<IResult> ListDeliveriesAsync(HttpContext http, string projectId, string id, SubscriptionStore store, DeliveryStore deliveries)
    {
        var query = ListQuery.From(new(http.Request.Query));
        await store.RequireAsync(projectId, id, http.RequestAborted);
        var before = query.After is { } after
            ? (await deliveries.FindAsync(projectId, id, after, http.RequestAborted))?.Sequence ?? throw ListQuery.UnknownCursor()
            : long.MaxValue;
        var found = await deliveries.ListAsync(projectId, id, before, query.Limit + 1, http.RequestAborted);
        return ApiResponse.Page(found, query.Limit, delivery => delivery.Id, ContractsJson.Wire.ListPageDelivery);
    }

    private static async Task<IResult> RetryAsync(HttpContext http, string projectId, string id, string deliveryId, SubscriptionStore store, DeliveryStore deliveries)
    {
        var idempotency = await Idempotency.OfBareAsync(http.Request);
        if (await deliveries.EarlierAsync(projectId, idempotency, http.RequestAborted) is { } earlier)
        {
            return new ApiResponse(StatusCodes.Status200OK, earlier);
        }

        await store.RequireAsync(projectId, id, http.RequestAborted);
        await deliveries.RequireAsync(projectId, id, deliveryId, http.RequestAborted);
        if (await deliveries.RetryAsync(projectId, id, deliveryId, idempotency, http.RequestAborted) is { } retried)
        {
            return new ApiResponse(StatusCodes.Status200OK, retried);
        }

        var subscription = await store.RequireAsync(projectId, id, http.RequestAborted);
        throw subscription.State == SubscriptionState.Active
            ? new ApiException(ApiErrors.InvalidStateTransition("The message has arrived already."))
            : SubscriptionRules.NotActive(subscription);
    }

    private static async Task<IResult> ListSubscribersAsync(HttpContext http, SubscriptionStore store)
    {
        var (query, found) = await PageAsync(http, SubscriptionStore.OfPage, store);
        return ApiResponse.Page([.. found.Select(ToSubscriber)], query.Limit, subscriber => subscriber.Id, ContractsJson.Wire.ListPagePageSubscriber);
    }

    private static async Task<IResult> DeleteSubscriberAsync(HttpContext http, string id, SubscriptionWriter writer)
    {
        await writer.DeleteAsync(http, SubscriptionStore.OfPage, id);
        return ApiResponse.Deleted(new PageSubscriberDeleted { Id = id }, ContractsJson.Wire.PageSubscriberDeleted);
    }

    private static async Task<(ListQuery Query, List<StoredSubscription> Found)> PageAsync(HttpContext http, string projectId, SubscriptionStore store)
    {
        var query = ListQuery.From(new(http.Request.Query));
        var start = await query.StartAsync(StoredSubscription.IdPrefix, after => store.FindStartAsync(projectId, after, http.RequestAborted));
        return (query, await store.ListAsync(projectId, start, query.After, query.Limit + 1, http.RequestAborted));
    }

    private static PageSubscriber ToSubscriber(StoredSubscription subscription) => new()
    {
        Id = subscription.Id,
        Address = subscription.Address,
        Components = subscription.Components,
        State = subscription.State,
        DisabledReason = subscription.DisabledReason,
        DeliveredCount = subscription.DeliveredCount,
        FailedCount = subscription.FailedCount,
        CreatedAt = subscription.CreatedAt,
    };
}
