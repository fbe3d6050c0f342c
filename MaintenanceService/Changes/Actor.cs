using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>Who makes a change.</summary>
/// <param name="Name">Name of the API key, <see cref="Clock"/> or <see cref="System"/>.</param>
/// <param name="KeyId">Id of the API key; null when the product makes it by itself.</param>
internal sealed record Actor(string Name, string? KeyId)
{
    /// <summary>Name of the clock in the audit trail.</summary>
    public const string Clock = "auto_transition";

    /// <summary>Name of the product in the audit trail, where it drafts an incident or makes the next window of a series.</summary>
    public const string System = "system";

    /// <summary>The holder of the request's key.</summary>
    public static Actor Of(Caller caller) => new(caller.KeyName, caller.KeyId);
}
