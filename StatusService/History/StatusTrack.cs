using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>
/// What this process saw of every indicator, second by second, in memory: the recorder's source, and the page's for what is not in the
/// database yet. A second takes the worst state that it held; a stretch that nobody watched (a paused process) is no data.
/// Bounded: when Postgres stays away, the oldest runs go first (product.md section 3).
/// </summary>
public sealed class StatusTrack
{
    private const int MaximumRuns = 50_000; // of one indicator; a day that flaps every other second

    private readonly Lock gate = new();
    private readonly Line[] lines = [.. Indicators.All.Select(_ => new Line())];
    private DateTimeOffset? last;

    /// <summary>The seconds before this one are complete; null before the first look.</summary>
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

    /// <summary>From <paramref name="now"/> on the board holds <paramref name="states"/>; until now it held those of the last look.</summary>
    /// <param name="now">Not before the last look.</param>
    /// <param name="states">By indicator.</param>
    public void Observe(DateTimeOffset now, IReadOnlyList<Recorded> states)
    {
        lock (gate)
        {
            if (last is { } previous && now > previous && now - previous <= LiveBoard.MaxGap)
            {
                var from = previous.ToUnixTimeSeconds();
                var until = now.AddTicks(-1).ToUnixTimeSeconds();
                foreach (var line in lines)
                {
                    line.Held(from, until);
                }
            }

            foreach (var indicator in Indicators.All)
            {
                lines[(int)indicator].Holding = states[(int)indicator];
            }

            last = now;
        }
    }

    /// <summary>The runs of complete seconds of <paramref name="indicator"/> within [<paramref name="from"/>, <paramref name="to"/>), by time; what was not seen is missing.</summary>
    public IReadOnlyList<Run> Runs(Indicator indicator, long from, long to)
    {
        lock (gate)
        {
            return lines[(int)indicator].Runs(from, Math.Min(to, last?.ToUnixTimeSeconds() ?? from));
        }
    }

    /// <summary>Drops what ended before <paramref name="until"/>: it is in the database.</summary>
    public void Forget(long until)
    {
        lock (gate)
        {
            foreach (var line in lines)
            {
                line.Forget(until);
            }
        }
    }

    private sealed class Line
    {
        private readonly List<Run> closed = [];
        private long second = long.MinValue; // the newest second that was touched; later looks may make it worse
        private Recorded worst;

        public Recorded Holding { get; set; }

        /// <summary>The state was held in all of these seconds, both inclusive.</summary>
        public void Held(long from, long until)
        {
            if (from > second)
            {
                Close();
                (second, worst) = (from, Holding);
            }
            else if (Holding > worst)
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

        public List<Run> Runs(long from, long to)
        {
            // The newest runs are asked for far more often than all of them.
            var first = closed.Count;
            while (first > 0 && closed[first - 1].To > from)
            {
                first--;
            }

            var runs = new List<Run>(closed.Count - first + 1);
            for (var i = first; i < closed.Count && closed[i].From < to; i++)
            {
                runs.Add(closed[i].Clip(from, to));
            }

            // The newest touched second may be complete without being closed.
            if (second != long.MinValue && second >= from && second < to)
            {
                if (runs.Count > 0 && runs[^1].To == second && runs[^1].State == worst)
                {
                    runs[^1] = runs[^1] with { To = second + 1 };
                }
                else
                {
                    runs.Add(new(second, second + 1, worst));
                }
            }

            return runs;
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

        private void Close()
        {
            if (second != long.MinValue)
            {
                Add(new(second, second + 1, worst));
            }
        }

        private void Add(Run run)
        {
            if (closed.Count > 0 && closed[^1].To == run.From && closed[^1].State == run.State)
            {
                closed[^1] = closed[^1] with { To = run.To };
                return;
            }

            if (closed.Count >= MaximumRuns)
            {
                closed.RemoveRange(0, MaximumRuns / 10);
            }

            closed.Add(run);
        }
    }
}
