using System.Globalization;
using System.Text.RegularExpressions;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Series;

/// <summary>Reads what clients send of a series, and reports everything that is wrong at once.</summary>
internal static partial class SeriesInput
{
    private const int MostExdates = 100;
    private const int LongestRule = 500;

    private static readonly DateOnly Earliest = new(2000, 1, 1);
    private static readonly DateOnly Latest = new(2199, 12, 31);

    private static readonly HashSet<string> ReadOnly =
        [.. ContractsJson.Wire.MaintenanceSeries.Properties.Select(p => p.Name).Except(ContractsJson.Wire.MaintenanceSeriesUpdate.Properties.Select(p => p.Name))];

    /// <summary>The fields of a new series; null is absence, and what is required is there.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static MaintenanceSeriesUpdate ForCreate(byte[] body) => Read(JsonFields.Parse(body), creating: true);

    /// <summary>The fields that a PATCH names; null is an error.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static MaintenanceSeriesUpdate ForUpdate(byte[] body) => Read(JsonFields.Parse(body, refusesNull: true), creating: false);

    /// <summary>The time of a duration of hours, minutes and seconds; null when it is none, or not 5 minutes to 24 hours.</summary>
    public static TimeSpan? Duration(string text)
    {
        var match = DurationForm().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var seconds = (Part(1) * 3600L) + (Part(2) * 60L) + Part(3);
        return seconds is >= 5 * 60 and <= 24 * 60 * 60 ? TimeSpan.FromSeconds(seconds) : null;

        int Part(int group) => match.Groups[group].Success ? int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>The time of day of <c>HH:MM</c>; null when it is none.</summary>
    public static TimeOnly? LocalTime(string text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static MaintenanceSeriesUpdate Read(JsonFields json, bool creating)
    {
        var fields = new MaintenanceSeriesUpdate
        {
            Title = json.Text("title", 1, 200, lines: true),
            Description = json.Text("description", 0, 2000, lines: true),
            Severity = json.OneOf("severity", WireNames.Severity, "info, warning or critical"),
            AffectedServices = json.Texts("affected_services", 50, 1, 100, lines: true),
            AutoTransition = json.Flag("auto_transition"),
            Reminders = WindowInput.Reminders(json),
            Notify = json.Flag("notify"),
            Timezone = Valid("timezone", zone => LocalTimes.Zone(zone) is not null, "must be the name of a time zone in the IANA database, such as Europe/Berlin."),
            StartsOn = json.Date("starts_on"),
            LocalTime = Valid("local_time", time => LocalTime(time) is not null, "must be a time of day such as 02:30."),
            Duration = Valid("duration", text => Duration(text) is not null, "must be an ISO 8601 duration of hours and minutes from PT5M to PT24H, such as PT1H30M."),
            Rrule = json.Raw("rrule"),
            Exdates = Exdates(json),
            HorizonDays = json.WholeNumber("horizon_days", 7, 90),
        };
        if (fields.Rrule is { } rule && (rule.Length > LongestRule ? $"must have at most {LongestRule} characters." : Recurrence.Parse(rule).Error) is { } error)
        {
            json.Invalid("rrule", error);
        }

        if (fields.StartsOn is { } start && (start < Earliest || start > Latest))
        {
            json.Invalid("starts_on", "must be a date from 2000-01-01 to 2199-12-31.");
        }

        if (creating)
        {
            json.Require("title", "description", "timezone", "starts_on", "local_time", "duration", "rrule");
        }

        json.ThrowIfInvalid(name => ReadOnly.Contains(name)
            ? $"'{name}' is set by the service and cannot be sent."
            : $"'{name}' is not a field of a series.");
        return fields;

        string? Valid(string name, Func<string, bool> isValid, string expected)
        {
            var text = json.Raw(name);
            if (text is null || isValid(text))
            {
                return text;
            }

            json.Invalid(name, expected);
            return null;
        }
    }

    private static List<DateOnly>? Exdates(JsonFields json)
    {
        if (json.Texts("exdates", MostExdates, 1, 100) is not { } texts)
        {
            return null;
        }

        var dates = new List<DateOnly>();
        foreach (var text in texts)
        {
            if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            {
                json.Invalid("exdates", "must be dates that exist, such as 2026-05-22.");
                return null;
            }

            dates.Add(date);
        }

        return dates;
    }

    [GeneratedRegex(@"\APT(?=[0-9])(?:([0-9]{1,2})H)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})S)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex DurationForm();
}
