using Grpc.Core;
using Microsoft.Extensions.Primitives;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Pages;

/// <summary>The services that forms offer.</summary>
internal sealed class ChosenComponents(KnownComponents components)
{
    private const int Most = 50;

    /// <summary>What there is to choose from, as the page lists it; none: nobody knows at the moment.</summary>
    public async Task<IReadOnlyList<Component>> OfferedAsync(CancellationToken cancellation)
    {
        try
        {
            return [.. (await components.ListAsync(cancellation)).Where(component => component.ArchivedAt is null).OrderBy(component => component.Position).ThenBy(component => component.Name, StringComparer.OrdinalIgnoreCase)];
        }
        catch (RpcException)
        {
            return []; // the form goes on without
        }
    }

    /// <summary>What somebody has chosen of them; none: all. What cannot be an ID is refused, what is none is left out while the others are known.</summary>
    /// <exception cref="ApiException">400.</exception>
    public static IReadOnlyList<string> Of(StringValues sent, IReadOnlyList<Component> offered)
    {
        var ids = sent.OfType<string>().Where(id => id.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        if (ids.Count > Most || ids.Any(id => !id.StartsWith("cmp_", StringComparison.Ordinal) || id.Length > 60 || id.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))))
        {
            throw Unknown();
        }

        var known = offered.Count > 0 ? ids.Where(id => offered.Any(component => component.Id == id)).ToList() : ids;
        return known.Count > 0 || ids.Count == 0 ? known : throw Unknown(); // or they would be told of all
    }

    private static ApiException Unknown() => new(ApiErrors.Invalid("There are no such services.", "components"));
}
