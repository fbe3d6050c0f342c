using System.Text.Json;
using Microsoft.Extensions.Options;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.NotificationService.Subscriptions;

/// <summary>Carries out changes of subscriptions: reads one, judges the request by it, and writes if it is still what was read, otherwise starts again.</summary>
internal sealed class SubscriptionWriter(SubscriptionStore store, AddressStore addresses, SubscriptionInput input, IOptions<NotificationsOptions> options) : IDisposable
{
    /// <summary>Addresses an hour that a project can have asked to confirm: whoever owns them knows nothing of it yet.</summary>
    private const int MostAskedByProject = 100;

    /// <summary>One creation at a time of a project.</summary>
    private readonly ProjectTurns counted = new(mostWaiting: 1000);

    /// <summary>Creates a subscription. The response is the only one with its secret.</summary>
    public async Task<ApiResponse> CreateAsync(HttpContext http)
    {
        var fields = await input.ForCreateAsync(await Requests.BodyAsync(http.Request), http.RequestAborted);
        var caller = Caller.From(http.User);
        var secret = fields.Channel == SubscriptionChannel.Webhook ? WebhookSecrets.New() : null;
        using var turn = await counted.TakeAsync(caller.ProjectId, http.RequestAborted);

        var most = options.Value.MaxSubscriptionsPerProject;
        var created = fields.Channel == SubscriptionChannel.Email
            ? await AskAsync(caller, fields, http.RequestAborted)
            : await store.CreateAsync(caller, fields, secret, most, http.RequestAborted)
                ?? throw new ApiException(ApiErrors.QuotaExceeded($"The project has {most} subscriptions by webhook and Slack; delete one first."));
        return WithSecret(created, secret) with { Status = StatusCodes.Status201Created, Location = $"{http.Request.Path.Value!.TrimEnd('/')}/{created.Id}" };
    }

    /// <summary>Changes the fields of a subscription.</summary>
    public async Task<ApiResponse> ChangeAsync(HttpContext http, string projectId, string id)
    {
        var body = await Requests.BodyAsync(http.Request);
        while (true)
        {
            var current = await store.RequireAsync(projectId, id, http.RequestAborted);
            var fields = await input.ForUpdateAsync(body, current.Channel, http.RequestAborted);
            EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(current.Version));
            SubscriptionRules.Check(current, fields);
            var next = SubscriptionRules.Changes(current, fields) ? await store.ReplaceAsync(current, fields, http.RequestAborted) : current;
            if (next is not null)
            {
                return ApiResponse.Ok(next, ContractsJson.Wire.Subscription);
            }
        }
    }

    /// <summary>Deletes a subscription with its messages.</summary>
    public async Task<ApiResponse> DeleteAsync(HttpContext http, string projectId, string id)
    {
        StoredSubscription current;
        do
        {
            current = await store.RequireAsync(projectId, id, http.RequestAborted);
            EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(current.Version));
        }
        while (!await store.DeleteAsync(current, http.RequestAborted));
        return ApiResponse.Deleted(new SubscriptionDeleted { Id = id }, ContractsJson.Wire.SubscriptionDeleted);
    }

    /// <summary>Gives a webhook a new secret.</summary>
    public async Task<ApiResponse> RotateAsync(HttpContext http, string projectId, string id)
    {
        Requests.RefuseFields(await Requests.BodyAsync(http.Request));
        var secret = WebhookSecrets.New();
        while (true)
        {
            var current = await store.RequireAsync(projectId, id, http.RequestAborted);
            EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(current.Version));
            if (current.Channel != SubscriptionChannel.Webhook)
            {
                throw new ApiException(ApiErrors.InvalidStateTransition("Only webhooks have a secret."));
            }

            if (await store.RotateAsync(current, secret, http.RequestAborted) is { } rotated)
            {
                return WithSecret(rotated, secret);
            }
        }
    }

    /// <summary>Subscribes an address, unconfirmed.</summary>
    /// <exception cref="ApiException">409, 429.</exception>
    private async Task<StoredSubscription> AskAsync(Caller caller, SubscriptionCreate fields, CancellationToken cancellation)
    {
        var answer = await addresses.AskAsync(
            new(caller.ProjectId, fields.Target, fields.Components!, fields.Events!, caller.KeyName, $"project {caller.ProjectId}", MostAskedByProject), cancellation);
        return answer.Subscription ?? throw new ApiException(answer.Refusal!);
    }

    public void Dispose() => counted.Dispose();

    private static ApiResponse WithSecret(StoredSubscription subscription, string? secret) => new(
        StatusCodes.Status200OK,
        JsonSerializer.SerializeToUtf8Bytes(new SubscriptionWithSecret(subscription, secret), ContractsJson.Wire.SubscriptionWithSecret),
        IVersioned.ETagOf(subscription.Version))
    { ShowsSecret = true };
}
