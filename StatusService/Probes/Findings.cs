using Xerotier.Contracts;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Probes;

/// <summary>What the answers of a probe add up to, pure.</summary>
/// <param name="Target">What is asked, and what is expected: the findings of another target say nothing of this one.</param>
/// <param name="Verdict">What they say of the component.</param>
/// <param name="Failures">Failures in a row, up to the newest answer.</param>
public sealed record Findings(string Target, Verdict Verdict, int Failures)
{
    /// <summary>Before the first answer.</summary>
    public static Findings None(ComponentProbe probe) => new(TargetOf(probe), Rules.NotProbed, 0);

    /// <summary>With one more answer: so many failures in a row are an outage, the first success ends it, and fewer change nothing.</summary>
    public Findings With(ProbeOutcome outcome, int failuresBeforeOutage) => outcome switch
    {
        ProbeOutcome.Success => this with { Verdict = Verdict.Operational, Failures = 0 },
        ProbeOutcome.Refused => this with { Verdict = Rules.ProbeRefused, Failures = 0 },
        _ => this with { Verdict = Failures + 1 >= failuresBeforeOutage ? Rules.ProbeFailing : Verdict, Failures = Failures + 1 },
    };

    /// <summary>Whether they are of this probe.</summary>
    public bool AreOf(ComponentProbe probe) => Target == TargetOf(probe);

    /// <summary>How long an answer counts.</summary>
    public static TimeSpan LifetimeOf(ComponentProbe probe) => TimeSpan.FromSeconds((2 * probe.IntervalSeconds) + probe.TimeoutSeconds);

    /// <summary>How long after a failure the next try follows.</summary>
    public static TimeSpan RetryAfter(ComponentProbe probe) => TimeSpan.FromSeconds(Math.Min(probe.IntervalSeconds, 10));

    private static string TargetOf(ComponentProbe probe) => $"{probe.Url} {probe.ExpectStatus}";
}
