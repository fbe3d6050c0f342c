using Endpoint = Xerotier.Fleet.V1.Endpoint;

namespace Xerotier.HealthCollector.Queries;

/// <summary>
/// The inference endpoints of a project, made from what its workers name. Workers may name any number of endpoints and models, and an
/// endpoint has the models of all its workers. What is kept and read is bounded, so that no project can make it expensive.
/// </summary>
internal static class InferenceEndpoints
{
    /// <summary>Maximum number of endpoints; the first by slug are kept.</summary>
    public const int MaxEndpoints = 10_000;

    /// <summary>Maximum number of models of one endpoint.</summary>
    public const int MaxModels = 256;

    /// <summary>Maximum number of models of all endpoints together.</summary>
    public const int MaxModelsInAll = 20_000;

    private const int MaxModelsRead = 1_000_000;

    /// <summary>The endpoints that <paramref name="workers"/> name, by slug.</summary>
    public static IReadOnlyList<Endpoint> Of(IReadOnlyList<ProjectWorker> workers, string projectId)
    {
        var endpoints = new Dictionary<string, (Endpoint Endpoint, HashSet<string> Models)>(StringComparer.Ordinal);
        var slugs = new SortedSet<string>(StringComparer.Ordinal);
        var (listed, read) = (0, 0);
        foreach (var worker in workers)
        {
            var agent = worker.Agent;
            foreach (var slug in worker.Slugs(agent, projectId))
            {
                if (!endpoints.TryGetValue(slug, out var found))
                {
                    if (slugs.Count == MaxEndpoints)
                    {
                        if (string.CompareOrdinal(slug, slugs.Max) > 0)
                        {
                            continue;
                        }

                        endpoints.Remove(slugs.Max!, out var last);
                        slugs.Remove(slugs.Max!);
                        listed -= last.Models.Count;
                    }

                    slugs.Add(slug);
                    endpoints[slug] = found = (new() { Slug = slug }, new(StringComparer.Ordinal));
                }

                found.Endpoint.WorkersTotal++;
                found.Endpoint.WorkersHealthy += worker.Healthy ? 1 : 0;
                foreach (var model in agent.Models)
                {
                    if (found.Models.Count == MaxModels || listed == MaxModelsInAll || ++read > MaxModelsRead)
                    {
                        break;
                    }

                    listed += found.Models.Add(model) ? 1 : 0;
                }
            }
        }

        return [.. slugs.Select(slug =>
        {
            var (endpoint, models) = endpoints[slug];
            endpoint.Models.AddRange(models.Order(StringComparer.Ordinal));
            return endpoint;
        })];
    }
}
