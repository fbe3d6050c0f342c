using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.StatusService.Model;
using Components = Xerotier.StatusService.Model.Components;

namespace Xerotier.StatusService.History;

/// <summary>A demo's example history as a recorder would have written it, in one write.</summary>
internal static class DemoHistory
{
    /// <summary>The record of the story up to <paramref name="until"/>, of which the days after the story are as good as days can be; null: this is no demo.</summary>
    public static RecordedChange? Of(DemoOptions options, long until)
    {
        if (options.StoryAt(DateTimeOffset.FromUnixTimeSeconds(until)) is not { } story || story.Begins.ToUnixTimeSeconds() >= until)
        {
            return null;
        }

        return new(
            From: null,
            until,
            Ended: [],
            [
                .. from component in Components.BuiltIn
                   from interval in Recorded(story, component.Key, until)
                   from piece in interval.ByDay()
                   select (component.Key, piece.From, (long?)piece.To, piece.State),
            ],
            Stamp: null)
        {
            IsDemo = true,
        };
    }

    /// <summary>What is recorded of a component: what was measured, beneath the windows that have begun, without the gap.</summary>
    private static List<Interval> Recorded(DemoStory story, string component, long until)
    {
        var begins = story.Begins.ToUnixTimeSeconds();
        List<(DemoSpan Span, DeclaredStatus Status)> measured = [.. story.Measured.Where(m => m.ComponentKey == component).Select(m => (m.Span, m.Status))];
        List<DemoSpan> windows = [.. story.Windows.Where(w => w.ComponentKey == component).Select(w => w.Span)];
        long[] edges =
        [
            .. measured.Select(m => m.Span).Concat(windows).Append(story.Gap).SelectMany(span => new[] { span.From.ToUnixTimeSeconds(), span.To.ToUnixTimeSeconds() })
                .Append(begins).Append(until).Where(edge => edge >= begins && edge <= until).Distinct().Order(),
        ];
        var intervals = new List<Interval>();
        foreach (var (from, to) in edges.Zip(edges.Skip(1)))
        {
            if (Holds(story.Gap, from))
            {
                continue;
            }

            var state = measured.Where(m => Holds(m.Span, from)).Select(m => m.Status is DeclaredStatus.Outage ? RecordedState.Outage : RecordedState.Degraded).FirstOrDefault(RecordedState.Operational);
            intervals.AddOrExtend(new(from, to, windows.Exists(window => Holds(window, from)) ? state.UnderWindow() : state));
        }

        return intervals;
    }

    private static bool Holds(DemoSpan span, long second) => span.From.ToUnixTimeSeconds() <= second && second < span.To.ToUnixTimeSeconds();
}
