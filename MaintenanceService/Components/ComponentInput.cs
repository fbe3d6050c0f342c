using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Components;

/// <summary>Reads what clients send of a component, and reports everything that is wrong at once.</summary>
internal static class ComponentInput
{
    private const int LongestUrl = 2000;

    private static readonly string[] Removable = ["description", "group", "probe"];

    private static readonly HashSet<string> ReadOnly =
        [.. ContractsJson.Wire.Component.Properties.Select(p => p.Name).Except(ContractsJson.Wire.ComponentUpdate.Properties.Select(p => p.Name))];

    /// <summary>The fields of a new component; null is absence, and what is required is there.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static ComponentCreate ForCreate(byte[] body)
    {
        var json = JsonFields.Parse(body);
        var fields = Read(json);
        json.Require("name");
        Finish(json);
        return new()
        {
            Name = fields.Name!,
            Description = fields.Description,
            Group = fields.Group,
            Position = fields.Position,
            StartDate = fields.StartDate,
            OnlyShowIfDegraded = fields.OnlyShowIfDegraded,
            Probe = fields.Probe,
        };
    }

    /// <summary>The fields that a PATCH names, and the names of those that it removes by null; of any other field null is an error.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static (ComponentUpdate Fields, IReadOnlyCollection<string> Removed) ForUpdate(byte[] body)
    {
        var json = JsonFields.Parse(body, refusesNull: true);
        var removed = Removable.Where(json.IsNull).ToList();
        var fields = Read(json, removed);
        Finish(json);
        return (fields, removed);
    }

    private static ComponentUpdate Read(JsonFields json, params IReadOnlyCollection<string> removed) => new()
    {
        Name = json.Text("name", 1, 100),
        Description = removed.Contains("description") ? null : json.Text("description", 0, 500, lines: true),
        Group = removed.Contains("group") ? null : json.Text("group", 1, 100),
        Position = json.WholeNumber("position", int.MinValue, int.MaxValue),
        StartDate = json.Date("start_date"),
        OnlyShowIfDegraded = json.Flag("only_show_if_degraded"),
        Probe = removed.Contains("probe") ? null : Probe(json),
    };

    private static ComponentProbe? Probe(JsonFields json)
    {
        if (json.Nested("probe") is not { } probe)
        {
            return null;
        }

        var defaults = new ComponentProbe { Url = "" };
        var url = probe.Text("url", 1, LongestUrl);
        if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address is { Host.Length: > 0, UserInfo: "" }))
        {
            probe.Invalid("url", "must be an http or https address without a user name.");
        }

        probe.Require("url");
        return new()
        {
            Url = url ?? "",
            IntervalSeconds = probe.WholeNumber("interval_seconds", 10, 3600) ?? defaults.IntervalSeconds,
            TimeoutSeconds = probe.WholeNumber("timeout_seconds", 1, 30) ?? defaults.TimeoutSeconds,
            ExpectStatus = probe.WholeNumber("expect_status", 200, 599),
        };
    }

    private static void Finish(JsonFields json) => json.ThrowIfInvalid(name => ReadOnly.Contains(name)
        ? $"'{name}' is set by the service and cannot be sent."
        : $"'{name}' is not a field of a component.");
}
