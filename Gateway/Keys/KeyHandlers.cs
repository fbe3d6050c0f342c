using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.Keys;

/// <summary>Responds to requests for a project's API keys (list, create, rotate, revoke) and for a project's first key, which the platform creates.</summary>
internal sealed class KeyHandlers(KeyStore store, IOptions<KeyOptions> options, TimeProvider time)
{
    private static readonly string[] ProjectScopes = [Scopes.Management, Scopes.Inference, Scopes.Heartbeat];

    /// <summary>GET …/keys.</summary>
    public async Task ListAsync(Call call)
    {
        var list = ListRequest.Of(call.Http.Request);
        var keys = await store.ListKeysAsync(call.ProjectId!, list.Limit + 1, list.After).WaitAsync(call.Aborted);
        await list.WriteAsync(call.Http, keys, key => key.Id, (json, key) => Write(json, key, value: null));
    }

    /// <summary>POST …/keys.</summary>
    public async Task CreateAsync(Call call) => await CreateAsync(call, Required(await store.FindProjectAsync(call.ProjectId!).WaitAsync(call.Aborted)));

    /// <summary>POST /v1/platform/projects/{id}/keys.</summary>
    public async Task CreateFirstAsync(Call call) => await CreateAsync(call, Required(await store.FindProjectAsync(call.Id!).WaitAsync(call.Aborted)));

    /// <summary>POST …/keys/{id}/rotate.</summary>
    public async Task RotateAsync(Call call)
    {
        var project = Required(await store.FindProjectAsync(call.ProjectId!).WaitAsync(call.Aborted));
        var value = ApiKeyValue.Create(project.Slug);
        var now = Now();
        var key = await store.RotateAsync(project.Id, call.Id!, ApiKeyValue.Hash(value), now, now.AddHours(options.Value.RotationGraceHours)).WaitAsync(call.Aborted);
        if (key is null)
        {
            _ = Required(await store.FindKeyAsync(project.Id, call.Id!).WaitAsync(call.Aborted));
            throw new ApiException(ApiErrors.InvalidStateTransition("The key has expired or been revoked; create a new one."));
        }

        await Responses.WriteJsonAsync(call.Http, 200, json => Write(json, key, value));
    }

    /// <summary>DELETE …/keys/{id}.</summary>
    public async Task RevokeAsync(Call call)
    {
        var key = Required(await store.RevokeAsync(call.ProjectId!, call.Id!, Now()).WaitAsync(call.Aborted));
        await Responses.WriteJsonAsync(call.Http, 200, json => Write(json, key, value: null));
    }

    private async Task CreateAsync(Call call, Project project)
    {
        var fields = JsonFields.Parse(await JsonFields.ReadBodyAsync(call.Http.Request, (int)call.Route.MaxBody!));
        fields.Require("name", "scopes");
        var name = fields.Text("name", 1, 100);
        var scopes = fields.Texts("scopes", 10, 0, 100);
        if (scopes is not null && (scopes.Count == 0 || scopes.Except(ProjectScopes, StringComparer.Ordinal).Any()))
        {
            fields.Invalid("scopes", $"must name one or more of {string.Join(", ", ProjectScopes)}.");
        }

        var now = Now();
        var expires = fields.Time("expires_at");
        if (expires <= now)
        {
            fields.Invalid("expires_at", "must be in the future.");
        }

        var networks = (fields.Texts("allowed_ips", 100, 0, 100) ?? []).Select(text => Network(text)).ToList();
        if (networks.Contains(null))
        {
            fields.Invalid("allowed_ips", "must list addresses or networks, such as 192.0.2.0/24 or 2001:db8::/32.");
        }

        fields.ThrowIfInvalid();
        var value = ApiKeyValue.Create(project.Slug);
        var key = new KeyView(
            Id.New("key_"), name!, [.. ProjectScopes.Where(scopes!.Contains)], expires, [.. networks.OfType<string>().Distinct(StringComparer.Ordinal)], now, null, null);
        await store.CreateKeyAsync(key, project.Id, ApiKeyValue.Hash(value)).WaitAsync(call.Aborted);
        await Responses.WriteJsonAsync(call.Http, 201, json => Write(json, key, value));
    }

    /// <summary>A network in its canonical form; a single address is a network of one. Bits beyond the prefix are an error.</summary>
    private static string? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network.ToString()
        : IPAddress.TryParse(text, out var address) && text.AsSpan().IndexOfAny('.', ':') >= 0 && !text.Contains('%', StringComparison.Ordinal)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8).ToString()
        : null;

    private static void Write(Utf8JsonWriter json, KeyView key, string? value)
    {
        json.WriteStartObject();
        json.WriteString("id", key.Id);
        json.WriteString("object", "api_key");
        json.WriteString("name", key.Name);
        WriteList("scopes", key.Scopes);
        WriteTime("expires_at", key.ExpiresAt);
        WriteList("allowed_ips", key.AllowedIps);
        WriteTime("created_at", key.CreatedAt);
        WriteTime("last_used_at", key.LastUsedAt);
        WriteTime("revoked_at", key.RevokedAt);
        if (value is not null)
        {
            json.WriteString("key", value);
        }

        json.WriteEndObject();

        void WriteList(string name, IReadOnlyList<string> items)
        {
            json.WriteStartArray(name);
            foreach (var item in items)
            {
                json.WriteStringValue(item);
            }

            json.WriteEndArray();
        }

        void WriteTime(string name, DateTimeOffset? at)
        {
            if (at is { } time)
            {
                json.WriteString(name, time.UtcDateTime);
            }
            else
            {
                json.WriteNull(name);
            }
        }
    }

    private static T Required<T>(T? found)
        where T : class => found ?? throw new ApiException(ApiErrors.NotFound());

    /// <summary>Now, to the microsecond that the database keeps.</summary>
    private DateTimeOffset Now() => Timestamps.ToMicroseconds(time.GetUtcNow());
}
