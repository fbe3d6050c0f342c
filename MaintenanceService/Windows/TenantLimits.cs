using System.ComponentModel.DataAnnotations;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>What a project that is not the platform's may have, so that one of them cannot own the platform's page (product.md section 3). Section <c>Windows</c>.</summary>
public sealed class TenantLimits
{
    /// <summary>The most scheduled and active windows of a project, those of series left out. 0 (no limit) to 100,000, default 100.</summary>
    [Range(0, 100_000)]
    public int OpenPerProject { get; set; } = 100;

    /// <summary>How far from today a window may start, days. 0 (no limit) to 36,500, default 366.</summary>
    [Range(0, 36_500)]
    public int StartsWithinDays { get; set; } = 366;

    /// <summary>Refuses a start that is too far away.</summary>
    /// <exception cref="ApiException">409.</exception>
    internal void CheckStart(StoredWindow window, DateTimeOffset now) => CheckStart("starts_at", window.Platform, window.StartsAt, now);

    /// <summary>Refuses a start that is too far away.</summary>
    /// <param name="field">The field that says when it starts.</param>
    /// <param name="platform">The project is the platform's.</param>
    /// <param name="start">The start.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ApiException">409.</exception>
    internal void CheckStart(string field, bool platform, DateTimeOffset start, DateTimeOffset now)
    {
        if (!platform && StartsWithinDays > 0 && (start - now).Duration() > TimeSpan.FromDays(StartsWithinDays))
        {
            throw new ApiException(ApiErrors.QuotaExceeded($"'{field}' must lie within {StartsWithinDays} days of today.", field));
        }
    }

    /// <summary>409 for a project that has as many open windows as it may.</summary>
    internal ApiException TooManyOpen() =>
        new(ApiErrors.QuotaExceeded($"The project has {OpenPerProject} maintenance windows that are scheduled or active; complete or cancel one first."));
}
