using System.Net;
using Microsoft.Extensions.Options;
using Xerotier.Contracts;
using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.Gateway.Management;

/// <summary>Responds to requests for a project's API keys (list, create, rotate, revoke) and for a project's first key, which the platform creates.</summary>
internal sealed class KeyHandlers(KeyStore store, IOptions<KeyOptions> options, TimeProvider time)
{
    private static readonly string[] ProjectScopes = [Scopes.Management, Scopes.Inference, Scopes.Heartbeat];

    /// <summary>GET …/keys.</summary>
    public async Task ListAsync(Call call)
    {
        var list = ListRequest.Of(call.Http.Request);
        var keys = await store.ListKeysAsync(call.ProjectId!, list.Limit + 1, list.After).WaitAsync(call.Aborted);
        await list.WriteAsync(call.Http, keys, key => key.Id, ContractsJson.Wire.ListPageApiKey);
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

        await Responses.WriteJsonAsync(call.Http, 200, new ApiKeyCreated(key, value), ContractsJson.Wire.ApiKeyCreated);
    }

    /// <summary>DELETE …/keys/{id}.</summary>
    public async Task RevokeAsync(Call call)
    {
        var key = Required(await store.RevokeAsync(call.ProjectId!, call.Id!, Now()).WaitAsync(call.Aborted));
        await Responses.WriteJsonAsync(call.Http, 200, key, ContractsJson.Wire.ApiKey);
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
        var key = new Contracts.ApiKey
        {
            Id = Id.New("key_"),
            Name = name!,
            Scopes = [.. ProjectScopes.Where(scopes!.Contains)],
            ExpiresAt = expires,
            AllowedIps = [.. networks.OfType<string>().Distinct(StringComparer.Ordinal)],
            CreatedAt = now,
            LastUsedAt = null,
            RevokedAt = null,
        };
        await store.CreateKeyAsync(key, project.Id, ApiKeyValue.Hash(value)).WaitAsync(call.Aborted);
        await Responses.WriteJsonAsync(call.Http, 201, new ApiKeyCreated(key, value), ContractsJson.Wire.ApiKeyCreated);
    }

    /// <summary>A network in its canonical form; a single address is a network of one. Bits beyond the prefix are an error.</summary>
    private static string? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network.ToString()
        : IPAddress.TryParse(text, out var address) && text.AsSpan().IndexOfAny('.', ':') >= 0 && !text.Contains('%', StringComparison.Ordinal)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8).ToString()
        : null;

    private static T Required<T>(T? found)
        where T : class => found ?? throw new ApiException(ApiErrors.NotFound());

    /// <summary>Now, to the microsecond that the database keeps.</summary>
    private DateTimeOffset Now() => Timestamps.ToMicroseconds(time.GetUtcNow());
}
