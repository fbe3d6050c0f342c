using Xerotier.Gateway.Metrics;

namespace Xerotier.Gateway.Edge;

/// <summary>What <see cref="Routes.Find"/> found.</summary>
/// <param name="Route">The route, if there is one.</param>
/// <param name="Access">Who may use the route. Where there is none: who may learn that there is none.</param>
/// <param name="Tags">The metric tags of the path's pattern.</param>
/// <param name="ProjectId">The project in the path.</param>
/// <param name="Id">The id in the path.</param>
/// <param name="Allow">The methods of the path, where only the method was wrong.</param>
/// <param name="AllowsAnyOrigin">Whether pages of other origins may read what the path responds.</param>
internal readonly record struct RouteMatch(Route? Route, Access Access, RequestTags Tags, string? ProjectId, string? Id, string? Allow, bool AllowsAnyOrigin = false);
