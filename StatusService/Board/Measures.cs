using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>How each measured component is judged, pure: by the rules, from what is known of the platform now.</summary>
public static class Measures
{
    private static readonly Verdict NoData = new(ComponentStatus.Unknown, "we are not receiving health reports");
    private static readonly Verdict NoDataYet = new(ComponentStatus.Unknown, "we are waiting for the first health reports");

    private static readonly Dictionary<string, Func<BoardInputs, DateTimeOffset, Verdict?>> ByKey = new()
    {
        [Components.Dashboard.Key] = (_, _) => Verdict.Operational, // it is what the reader reads
        [Components.InferenceRouting.Key] = (inputs, now) => OfFleet(inputs, now, fleet =>
            IfSure(unheard => Rules.Routing(fleet.Routers, fleet.RoutersOnline + unheard), fleet.RoutersUnheard)),
        [Components.SharedAgents.Key] = (inputs, now) => !inputs.SharedAgentsShown ? null : OfFleet(inputs, now, fleet =>
            IfSure(unheard => Rules.SharedAgents(fleet.SharedAgents, fleet.SharedAgentsStale - unheard), fleet.SharedAgentsUnheard)),
        [Components.ModelStorage.Key] = (inputs, now) => inputs.Probes.ContainsKey(Components.ModelStorage.Key) ? OfProbe(Components.ModelStorage.Key, inputs, now) : Verdict.Operational,
    };

    /// <summary>What is measured of <paramref name="component"/>; null when there is nothing to measure. One that nothing measures is operational.</summary>
    public static Verdict? Judge(Component component, BoardInputs inputs, DateTimeOffset now) =>
        ByKey.TryGetValue(component.Key, out var judge) ? judge(inputs, now)
        : component.IsUnmeasured ? Verdict.Operational
        : OfProbe(component.Key, inputs, now);

    private static Verdict OfProbe(string key, BoardInputs inputs, DateTimeOffset now) =>
        inputs.Probes.TryGetValue(key, out var probe) && now < probe.Until ? probe.Verdict : Rules.NotProbed;

    private static Verdict OfFleet(BoardInputs inputs, DateTimeOffset now, Func<FleetCounts, Verdict> judge) =>
        inputs.Fleet is { } fleet && now < inputs.FleetKnownAt + BoardInputs.FreshFor ? judge(fleet)
        : now < inputs.YoungUntil ? NoDataYet
        : NoData;

    /// <summary>The verdict if the senders that may still be heard do not change it, else no data.</summary>
    private static Verdict IfSure(Func<int, Verdict> judge, int unheard) => judge(0) is var heard && judge(unheard).Status == heard.Status ? heard : NoDataYet;
}
