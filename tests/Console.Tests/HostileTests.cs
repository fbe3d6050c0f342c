using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Xerotier.OperatorConsole.Audit;
using Xerotier.OperatorConsole.Shared;
using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>Every page with hostile text in every place that may hold text (console.md, section 24): none of it is markup, and none of it reorders what stands beside it.</summary>
public sealed class HostileTests
{
    private const string Hostile = "</title></textarea><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\u202eRTL 🚧 [link](javascript:alert(3))";

    /// <summary>Texts with a form of their own, which the services hold them to.</summary>
    private static readonly Dictionary<string, string> Formed = new()
    {
        [nameof(MaintenanceSeries.Duration)] = "PT1H",
        [nameof(MaintenanceSeries.Rrule)] = "FREQ=WEEKLY;BYDAY=SU",
        [nameof(MaintenanceSeries.Timezone)] = "Europe/Berlin",
        [nameof(MaintenanceSeries.LocalTime)] = "02:30",
        [nameof(MaintenanceSeries.Reminders)] = "-1h",
        [nameof(ApiKey.Scopes)] = "management",
        [nameof(ApiKey.AllowedIps)] = "192.0.2.0/24",
        [nameof(IncidentEvent.Action)] = "updated",
        [nameof(IncidentEvent.ChangedFields)] = "title",
        [nameof(AuditEntry.Kind)] = "Window",
        [nameof(Keys.KeyRing.Page)] = "/console/keys",
        [nameof(Delivery.EventType)] = "incident.created",
        [nameof(Subscription.Events)] = "incident.created",
        [nameof(Subscription.DisabledReason)] = "no_success",
        [nameof(StatusIndicator.Reason)] = "1 of 2 routers online",
        [nameof(OverallStatus.Label)] = "Partial Outage",
        [nameof(Incidents.IncidentPage.Outlook)] = "Partial Outage",
        [nameof(OccurrencePreview.LocalStartsAt)] = "2026-01-01T02:30",
        ["State"] = "online",
        ["Status"] = "stale",
    };

    private static readonly string[] Fields =
    [
        "title", "description", "body", "name", "slug", "group", "target", "zone", "timezone", "other_services", "affected_services", "components", "other_components", "events", "scopes", "allowed_ips", "expires_in_days", "starts_at",
        "ends_at", "started_at", "at", "starts_on", "local_time", "minutes", "rrule", "exdates", "horizon_days", "reminders", "position", "start_date", "probe_url", "probe_interval", "routers", "shared_agents", "private_agents",
    ];

    /// <summary>All pages of the Console.</summary>
    public static TheoryData<string> Pages => [.. typeof(ConsolePage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ConsolePage))).Select(type => type.FullName!)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task What_people_and_agents_name_is_text_and_stays_in_its_place(string name)
    {
        var type = typeof(ConsolePage).Assembly.GetType(name)!;
        var parameters = type.GetProperties().Where(property => property.GetCustomAttribute<Microsoft.AspNetCore.Components.ParameterAttribute>() is not null && property.Name != nameof(ConsolePage.Visit))
            .ToDictionary(property => property.Name, property => Filled(property.PropertyType, property.Name));
        var held = new ConsoleSession(new("proj_1", Hostile, true, Hostile, "key_1"), new(null, null, false, Hostile, "key_2"), DateTimeOffset.UnixEpoch);
        var (html, _) = await PageTests.RenderAsync(
            http =>
            {
                http.Request.QueryString = new($"?done={Uri.EscapeDataString(Hostile)}&note={Uri.EscapeDataString(Hostile)}&status={Uri.EscapeDataString(Hostile)}&after={Uri.EscapeDataString(Hostile)}");
                var visit = Visit.Of(http);
                var page = (IResult)typeof(Visit).GetMethod(nameof(Visit.Page))!.MakeGenericMethod(type).Invoke(visit, [parameters, 200])!;
                return Task.FromResult(page);
            },
            form: null,
            held: held);

        using var document = await new HtmlParser().ParseDocumentAsync(html, TestContext.Current.CancellationToken);
        Assert.Equal(1, document.QuerySelectorAll("script").Length); // the console's own
        Assert.Empty(document.QuerySelectorAll("img, script:not([src^='/console/assets/'])"));
        Assert.DoesNotContain(document.All.SelectMany(element => element.Attributes), attribute => attribute.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase));
        var addresses = document.All.SelectMany(element => element.Attributes).Where(attribute => attribute.Name is "href" or "src" or "action" or "formaction").Select(attribute => attribute.Value).ToList();
        Assert.NotEmpty(addresses);
        Assert.DoesNotContain(addresses, address => !address.StartsWith('/') && !address.StartsWith('#'));
        var shown = document.Descendants<IText>().Where(text => text.Data.Contains('\u202e', StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(shown); // the project's name, if nothing else
        Assert.Empty(shown.Where(text => !StaysInItsPlace(text)).Select(text => text.ParentElement!.OuterHtml));
    }

    /// <summary>Whether a text's direction is its own: it is isolated, or alone in a block.</summary>
    private static bool StaysInItsPlace(IText text) =>
        text.ParentElement!.Closest("bdi, [dir=auto], title, h1, textarea") is not null
        || (text.ParentElement is { LocalName: "td" or "th" or "dd" or "p", ChildNodes.Length: 1 } && text.Data.Trim() == Hostile);

    /// <summary>An object of a type with hostile text in every place that holds text.</summary>
    private static object? Filled(Type type, string name, int depth = 0)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
        {
            return name switch
            {
                _ when Formed.TryGetValue(name, out var formed) => formed,
                _ when name.EndsWith("Id", StringComparison.Ordinal) => "id_1",
                _ => Hostile,
            };
        }

        if (type == typeof(FormValues))
        {
            var form = FormValues.Of(Fields.Select(field => (field, (StringValues)Hostile)));
            form.Refuse(new(412, "conflict_error", "precondition_failed", Hostile) { Errors = [new() { Param = "title", Code = "any", Message = "One" }, new() { Param = "other", Code = "any", Message = "Two" }] }, ["title"]);
            return form;
        }

        if (type == typeof(ApiError))
        {
            return ApiErrors.Invalid("It did not work.");
        }

        if (type.IsEnum)
        {
            return Enum.GetValues(type).GetValue(0);
        }

        if (type.IsPrimitive || type == typeof(DateTimeOffset) || type == typeof(DateOnly))
        {
            return type == typeof(bool) ? true : type == typeof(DateTimeOffset) ? DateTimeOffset.UnixEpoch : type == typeof(DateOnly) ? new DateOnly(2026, 1, 1) : Convert.ChangeType(1, type, null);
        }

        if (type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)))
        {
            var of = type.GetGenericArguments();
            if (of.Length == 2)
            {
                return Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(of));
            }

            var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(of))!;
            if (depth < 6)
            {
                list.Add(Filled(of[0], name, depth + 1));
            }

            return type.IsInstanceOfType(list) ? list : Activator.CreateInstance(typeof(HashSet<>).MakeGenericType(of), list);
        }

        if (type == typeof((string, string, string)))
        {
            return ("title", Hostile, Hostile); // a field, what it was and is
        }

        if (type.IsValueType && type.FullName!.StartsWith("System.ValueTuple", StringComparison.Ordinal))
        {
            return Activator.CreateInstance(type, [.. type.GetGenericArguments().Select(part => Filled(part, name, depth + 1))]);
        }

        if (depth > 6)
        {
            return null;
        }

        var made = RuntimeHelpers.GetUninitializedObject(type);
        foreach (var property in type.GetProperties().Where(property => property.SetMethod is not null))
        {
            property.SetValue(made, Filled(property.PropertyType, property.Name, depth + 1));
        }

        return made;
    }
}
