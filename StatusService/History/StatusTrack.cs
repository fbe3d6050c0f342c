using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>
/// What this process observed of every component, second by second, in memory: the recorder's source, and the page's for what is not in
/// the database yet. A second takes the worst state that it held; a stretch that was not observed (a paused process) is no data.
/// Bounded: when Postgres stays away, the oldest intervals go first (product.md section 3).
/// </summary>
public sealed class StatusTrack
{
    private const int MaximumIntervals = 50_000; // of one component; a day that flaps every other second

    private readonly Lock gate = new();
    private readonly Dictionary<string, Line> lines = [];
    private DateTimeOffset? last;

    /// <summary>The seconds before this one are complete; null before the first call.</summary>
    public long? CompleteUntil
    {
        get
        {
            lock (gate)
            {
                return last?.ToUnixTimeSeconds();
            }
        }
    }

    /// <summary>The keys of all components that were ever observed.</summary>
    public IReadOnlyList<string> Components
    {
        get
        {
            lock (gate)
            {
                return [.. lines.Keys];
            }
        }
    }

    /// <summary>From <paramref name="now"/> on the board holds <paramref name="states"/>; until now it held those of the last call.</summary>
    /// <param name="now">Before the last call when the clock was set back: what was seen in what is the future again is dropped.</param>
    /// <param name="states">By component key; a component that is missing has no data.</param>
    public void Observe(DateTimeOffset now, IReadOnlyDictionary<string, RecordedState> states)
    {
        lock (gate)
        {
            if (now < last)
            {
                foreach (var line in lines.Values)
                {
                    line.Drop(now.ToUnixTimeSeconds());
                }
            }

            if (last is { } previous && now > previous && now - previous <= LiveBoard.MaxGap)
            {
                var from = previous.ToUnixTimeSeconds();
                var until = now.AddTicks(-1).ToUnixTimeSeconds();
                foreach (var line in lines.Values)
                {
                    line.Held(from, until);
                }
            }

            foreach (var component in states.Keys)
            {
                lines.TryAdd(component, new());
            }

            foreach (var (component, line) in lines)
            {
                line.Holding = states.GetValueOrDefault(component, RecordedState.NoData);
            }

            last = now;
        }
    }

    /// <summary>The intervals of complete seconds of a component, by its key, within [<paramref name="from"/>, <paramref name="to"/>), by time; what was not seen is missing.</summary>
    public IReadOnlyList<Interval> Intervals(string component, long from, long to)
    {
        lock (gate)
        {
            return lines.TryGetValue(component, out var line) ? line.Intervals(from, Math.Min(to, last?.ToUnixTimeSeconds() ?? from)) : [];
        }
    }

    /// <summary>Drops what ended before <paramref name="until"/>: it is in the database.</summary>
    public void Forget(long until)
    {
        lock (gate)
        {
            foreach (var line in lines.Values)
            {
                line.Forget(until);
            }
        }
    }

    private sealed class Line
    {
        private readonly List<Interval> closed = [];
        private long second = long.MinValue; // the newest second that was touched; later calls may make it worse
        private RecordedState worst;

        public RecordedState Holding { get; set; }

        /// <summary>The state was held in all of these seconds, both inclusive.</summary>
        public void Held(long from, long until)
        {
            if (from > second)
            {
                Close();
                (second, worst) = (from, Holding);
            }
            else if (Holding.Rank() > worst.Rank())
            {
                worst = Holding;
            }

            if (until > second)
            {
                Close();
                if (until > second + 1)
                {
                    Add(new(second + 1, until, Holding));
                }

                (second, worst) = (until, Holding);
            }
        }

        public List<Interval> Intervals(long from, long to)
        {
            // The newest intervals are asked for far more often than all of them.
            var first = closed.Count;
            while (first > 0 && closed[first - 1].To > from)
            {
                first--;
            }

            var intervals = new List<Interval>(closed.Count - first + 1);
            for (var i = first; i < closed.Count && closed[i].From < to; i++)
            {
                intervals.Add(closed[i].Clip(from, to));
            }

            // The newest touched second may be complete without being closed.
            if (second != long.MinValue && second >= from && second < to)
            {
                if (intervals.Count > 0 && intervals[^1].To == second && intervals[^1].State == worst)
                {
                    intervals[^1] = intervals[^1] with { To = second + 1 };
                }
                else
                {
                    intervals.Add(new(second, second + 1, worst));
                }
            }

            return intervals;
        }

        public void Forget(long until)
        {
            var gone = 0;
            while (gone < closed.Count && closed[gone].To <= until)
            {
                gone++;
            }

            closed.RemoveRange(0, gone);
        }

        /// <summary>Drops the seconds from <paramref name="from"/> on.</summary>
        public void Drop(long from)
        {
            closed.RemoveAll(interval => interval.From >= from);
            if (closed.Count > 0)
            {
                closed[^1] = closed[^1].Clip(long.MinValue, from);
            }

            second = second < from ? second : long.MinValue;
        }

        private void Close()
        {
            if (second != long.MinValue)
            {
                Add(new(second, second + 1, worst));
            }
        }

        private void Add(Interval interval)
        {
            if (closed.Count > 0 && closed[^1].To == interval.From && closed[^1].State == interval.State)
            {
                closed[^1] = closed[^1] with { To = interval.To };
                return;
            }

            if (closed.Count >= MaximumIntervals)
            {
                closed.RemoveRange(0, MaximumIntervals / 10);
            }

            closed.Add(interval);
        }
    }
}
