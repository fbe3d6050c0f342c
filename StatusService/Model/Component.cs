using Xerotier.Contracts;

namespace Xerotier.StatusService.Model;

/// <summary>A part of the platform: a line of the status page, and a line of the history.</summary>
/// <param name="Id">Its id, <c>cmp_…</c>. An id is never used again for anything else.</param>
/// <param name="Name">Its name on the page, by which a window's <c>affected_services</c> names it.</param>
/// <param name="Position">Its place on the page, ascending; those of one position stand by name.</param>
public sealed record Component(string Id, string Name, int Position)
{
    private const string IdPrefix = "cmp_";

    /// <summary>Its key in stores and metrics, such as <c>inference_routing</c>: the id without its prefix.</summary>
    public string Key => KeyOf(Id);

    /// <summary>What it is, plain text; null when nothing is said.</summary>
    public string? Description { get; init; }

    /// <summary>The heading under which it stands; null: under none.</summary>
    public string? Group { get; init; }

    /// <summary>Whether the page hides its line while it is operational.</summary>
    public bool OnlyShowIfDegraded { get; init; }

    /// <summary>When it was created; null while the MaintenanceService has not told.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When it was changed last; null while the MaintenanceService has not told.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>The UTC day from which one that is not built in is monitored.</summary>
    public DateOnly StartDate { get; init; }

    /// <summary>Since when it has been archived; null: it is current.</summary>
    public DateTimeOffset? ArchivedAt { get; init; }

    /// <summary>How it is measured now; null: by the platform's own rules if it is built in, else not at all.</summary>
    public ComponentProbe? Probe { get; init; }

    /// <summary>When it had a probe, by time; the last one has no end while it has one. Empty for the built-in ones, which are always measured.</summary>
    public IReadOnlyList<ProbedSpan> Probed { get; init; } = [];

    /// <summary>Whether the platform measures it by itself.</summary>
    public bool IsBuiltIn => Components.BuiltIn.Any(c => c.Id == Id);

    /// <summary>Whether nothing measures it now: it is operational unless an incident says otherwise.</summary>
    public bool IsUnmeasured => Probe is null && !IsBuiltIn;

    /// <summary>The key of the component with this id.</summary>
    public static string KeyOf(string id) => id.StartsWith(IdPrefix, StringComparison.Ordinal) ? id[IdPrefix.Length..] : id;

    /// <summary>The id of the component with this key.</summary>
    public static string IdOf(string key) => IdPrefix + key;

    /// <summary>Whether a window with these <c>affected_services</c> affects it: they name it, in any case of letters, or name nothing at all.</summary>
    public bool IsAffectedBy(IReadOnlyCollection<string> services) => IsAffected(Name, services);

    /// <summary>The same of the component with this name.</summary>
    public static bool IsAffected(string name, IReadOnlyCollection<string> services) => services.Count == 0 || services.Contains(name, StringComparer.OrdinalIgnoreCase);
}

/// <summary>A time in which a component had a probe, in Unix seconds; no end while it has one.</summary>
public readonly record struct ProbedSpan(long From, long? To);

/// <summary>The components that are always there (product.md section 3).</summary>
public static class Components
{
    /// <summary>The status page itself.</summary>
    public static Component Dashboard { get; } = new("cmp_dashboard", "Dashboard", 0);

    /// <summary>The platform's routers.</summary>
    public static Component InferenceRouting { get; } = new("cmp_inference_routing", "Inference Routing", 1);

    /// <summary>The platform's own agents.</summary>
    public static Component SharedAgents { get; } = new("cmp_shared_agents", "Shared Agents", 2);

    /// <summary>The storage of models.</summary>
    public static Component ModelStorage { get; } = new("cmp_model_storage", "Model Storage", 3);

    /// <summary>All of them, in page order.</summary>
    public static IReadOnlyList<Component> BuiltIn { get; } = [Dashboard, InferenceRouting, SharedAgents, ModelStorage];

    /// <summary>In page order: by position, then name.</summary>
    public static IReadOnlyList<Component> InOrder(IEnumerable<Component> components) =>
        [.. components.OrderBy(c => c.Position).ThenBy(c => c.Name, StringComparer.OrdinalIgnoreCase).ThenBy(c => c.Id, StringComparer.Ordinal)];
}
