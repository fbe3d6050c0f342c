using System.Globalization;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>Which transactions are visible: PostgreSQL's <c>pg_snapshot</c>, in its text form <c>xmin:xmax:xip,…</c>.</summary>
/// <param name="Max">Transactions from this number on are not visible; the one before it has ended.</param>
/// <param name="Running">Earlier transactions that are not visible, ascending.</param>
internal sealed record TransactionSnapshot(ulong Max, IReadOnlyList<ulong> Running)
{
    /// <summary>The lowest number that PostgreSQL takes.</summary>
    private const ulong First = 3;

    /// <summary>Reads the text form; null when <paramref name="text"/> is not one.</summary>
    public static TransactionSnapshot? Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 3 || Number(parts[0]) is not { } min || Number(parts[1]) is not { } max || min < 1 || min > max)
        {
            return null;
        }

        var running = new List<ulong>();
        foreach (var part in parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Number(part) is not { } xid || xid < min || xid >= max || (running.Count > 0 && xid <= running[^1]))
            {
                return null;
            }

            running.Add(xid);
        }

        return new(max, running);

        static ulong? Number(string digits) => ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>Whether no transaction is visible.</summary>
    public bool IsEmpty => Max <= First;

    /// <summary>Whether the transaction is visible.</summary>
    public bool Sees(ulong xid) => xid < Max && !Running.Contains(xid);

    /// <summary>Whether every transaction that <paramref name="other"/> sees is visible.</summary>
    public bool Covers(TransactionSnapshot other) => other.Max <= Max && !Running.Any(other.Sees);

    /// <summary>The part of this snapshot that lies before <paramref name="end"/>.</summary>
    public TransactionSnapshot Before(ulong end) => end >= Max ? this : new(Math.Max(end, First), [.. Running.TakeWhile(xid => xid < end)]);

    /// <inheritdoc/>
    public bool Equals(TransactionSnapshot? other) => other is not null && Max == other.Max && Running.SequenceEqual(other.Running);

    /// <inheritdoc/>
    public override int GetHashCode() => Max.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Running.Count > 0 ? Running[0] : Max)}:{Max}:{string.Join(',', Running)}");
}
