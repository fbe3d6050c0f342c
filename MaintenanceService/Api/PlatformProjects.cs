using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Api;

/// <summary>What only the platform's own projects have.</summary>
internal static class PlatformProjects
{
    /// <summary>Refuses the callers of other projects with 403.</summary>
    /// <param name="group">The routes.</param>
    /// <param name="what">What they are about, as a sentence begins with it.</param>
    public static RouteGroupBuilder OfPlatformProjects(this RouteGroupBuilder group, string what)
    {
        var refused = ApiErrors.ScopeInsufficient(Scopes.Management) with { Message = $"{what} are for the platform's own projects." };
        return group.AddEndpointFilter((context, next) => Caller.From(context.HttpContext.User).PlatformProject ? next(context) : throw new ApiException(refused));
    }
}
