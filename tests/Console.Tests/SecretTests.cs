using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xerotier.OperatorConsole.Keys;
using Xerotier.OperatorConsole.Subscriptions;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>Secrets that are shown once (console.md, section 23).</summary>
public sealed class SecretTests
{
    private static readonly ApiKeyCreated Key = new()
    {
        Id = "key_1",
        Name = "one",
        Scopes = ["management"],
        AllowedIps = [],
        CreatedAt = DateTimeOffset.UnixEpoch,
        CreatedBy = "ops",
        ExpiresAt = null,
        LastUsedAt = null,
        RevokedAt = null,
        Key = "xero_made",
    };

    private static readonly SubscriptionWithSecret Webhook = new()
    {
        Id = "sub_1",
        ProjectId = "proj_1",
        Channel = SubscriptionChannel.Webhook,
        Target = "https://hooks.example/1",
        Components = [],
        Events = [],
        State = SubscriptionState.Active,
        DisabledReason = null,
        DeliveredCount = 0,
        FailedCount = 0,
        LastResult = null,
        PreviousSecretUntil = null,
        CreatedBy = "ops",
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        Secret = "whsec_made",
    };

    [Theory]
    [InlineData("/console/keys", "name=one&scopes=management", "xero_made")]
    [InlineData("/console/keys/{id}/rotate", "", "xero_made")]
    [InlineData("/console/subscriptions/new", "channel=webhook&target=https%3A%2F%2Fhooks.example%2F1", "whsec_made")]
    [InlineData("/console/subscriptions/{id}/rotate", "", "whsec_made")]
    public async Task A_secret_that_was_made_is_shown_though_nothing_else_can_be_read(string route, string form, string secret)
    {
        await using var gateway = await GatewaysTests.StartAsync(app =>
        {
            app.MapPost("/proj_1/v1/management/keys/{**rest}", () => Results.Text(JsonSerializer.Serialize(Key, ContractsJson.Wire.ApiKeyCreated), "application/json"));
            app.MapPost("/proj_1/v1/management/subscriptions/{**rest}", () => Results.Text(JsonSerializer.Serialize(Webhook, ContractsJson.Wire.SubscriptionWithSecret), "application/json"));
            app.MapGet("/{**rest}", () => Results.Text("""{"error":{"message":"m","type":"service_error","code":"service_unavailable","param":null}}""", "application/json", statusCode: 503));
        });
        var html = await PageTests.AnswerAsync("POST", route, form, gateway.Address, pages =>
        {
            pages.MapKeys();
            pages.MapSubscriptions();
        });

        Assert.Contains($">{secret}</p>", html, StringComparison.Ordinal);
        Assert.Contains("cannot be read right now", html, StringComparison.Ordinal);
    }
}
