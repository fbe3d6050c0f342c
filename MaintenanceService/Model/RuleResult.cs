using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Model;

/// <summary>What a request makes of an object: its next form, the same form when nothing changes, or an error.</summary>
/// <param name="Next">The object after the request; null when it is an error.</param>
/// <param name="Error">Why not.</param>
internal readonly record struct RuleResult<T>(T? Next, ApiError? Error)
    where T : class
{
    /// <summary>The object after the request.</summary>
    /// <exception cref="ApiException">The request is an error.</exception>
    public T Value => Next ?? throw new ApiException(Error!);

    public static implicit operator RuleResult<T>(T next) => new(next, null);

    public static implicit operator RuleResult<T>(ApiError error) => new(null, error);
}
