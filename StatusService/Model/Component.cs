namespace Xerotier.StatusService.Model;

/// <summary>A part of the platform: a line of the status page, and a line of the history.</summary>
/// <param name="Key">Its stable key in stores and metrics, such as <c>inference_routing</c>. A key is never used again for anything else.</param>
/// <param name="Name">Its name on the page, by which a window's <c>affected_services</c> names it.</param>
/// <param name="Order">Its place on the page, ascending.</param>
public sealed record Component(string Key, string Name, int Order)
{
    /// <summary>Whether a window with these <c>affected_services</c> affects it: they name it, in any case of letters, or name nothing at all.</summary>
    public bool IsAffectedBy(IReadOnlyCollection<string> services) => services.Count == 0 || services.Contains(Name, StringComparer.OrdinalIgnoreCase);
}

/// <summary>The components that the platform measures (product.md section 3).</summary>
public static class Components
{
    /// <summary>The status page itself.</summary>
    public static Component Dashboard { get; } = new("dashboard", "Dashboard", 0);

    /// <summary>The platform's routers.</summary>
    public static Component InferenceRouting { get; } = new("inference_routing", "Inference Routing", 1);

    /// <summary>The platform's own agents.</summary>
    public static Component SharedAgents { get; } = new("shared_agents", "Shared Agents", 2);

    /// <summary>The storage of models.</summary>
    public static Component ModelStorage { get; } = new("model_storage", "Model Storage", 3);

    /// <summary>All of them, in page order.</summary>
    public static IReadOnlyList<Component> All { get; } = [Dashboard, InferenceRouting, SharedAgents, ModelStorage];
}
