using FsCheck.Fluent;
using FsCheck.Xunit;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Notices;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Snapshots and marks as values.</summary>
public sealed class TransactionSnapshotTests
{
    /// <summary>As PostgreSQL makes them: the last transaction before the maximum has ended.</summary>
    private static FsCheck.Gen<TransactionSnapshot> Snapshots { get; } =
        from max in Gen.Choose(3, 30)
        from running in Gen.SubListOf(Enumerable.Range(1, max - 2))
        select new TransactionSnapshot((ulong)max, [.. running.Select(x => (ulong)x).Order()]);

    [Property]
    public FsCheck.Property A_snapshot_is_read_back_from_its_text() =>
        Prop.ForAll(Arb.From(Snapshots), s => s.Equals(TransactionSnapshot.Parse(s.ToString())));

    [Property]
    public FsCheck.Property One_covers_another_when_it_sees_all_that_the_other_sees() => Prop.ForAll(
        Arb.From(Snapshots),
        Arb.From(Snapshots),
        (a, b) => a.Covers(b) == Enumerable.Range(1, 40).All(xid => a.Sees((ulong)xid) || !b.Sees((ulong)xid)));

    [Property]
    public FsCheck.Property What_lies_before_an_end_is_seen_as_it_was() => Prop.ForAll(
        Arb.From(Snapshots),
        Arb.From(Gen.Choose(3, 40)),
        (s, end) => Enumerable.Range(1, 40).All(xid => s.Before((ulong)end).Sees((ulong)xid) == (s.Sees((ulong)xid) && xid < end)));

    [Fact]
    public void A_mark_is_read_back_from_its_text()
    {
        var mark = new ChangeMark("7.16384", 3, new(20, [12, 15]));
        Assert.Equal("7.16384;3;12:20:12,15", mark.ToString());
        Assert.Equal(mark, ChangeMark.Parse(mark.ToString()));
        var paged = mark with { Page = new(new(30, []), "proj_a", "mw_b", 7) };
        Assert.Equal("7.16384;3;12:20:12,15;30:30:;proj_a;mw_b;7", paged.ToString());
        Assert.Equal(paged, ChangeMark.Parse(paged.ToString()));
        var ofAll = new FullMark(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000), mark with { Suspensions = null });
        Assert.Equal("1800000000;7.16384;;12:20:12,15", ofAll.ToString());
        Assert.Equal(ofAll, FullMark.Parse(ofAll.ToString()));
        Assert.Null(FullMark.Parse($"1800000000;{mark}"));
        Assert.Null(FullMark.Parse(ofAll.Mark.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7.16384")]
    [InlineData(";12:20:")]
    [InlineData("7.16384;20:12:")]
    [InlineData("7.16384;0:12:")]
    [InlineData("7.16384;-1;12:20:")]
    [InlineData("7.16384;3;12:20:15,12")]
    [InlineData("7.16384;3;12:20:20")]
    [InlineData("7.16384;3;12:20:x")]
    [InlineData("7.16384;3;12:20:12;30:30:")]
    [InlineData("7.16384;3;12:20:12;30:30:;p;w;-1")]
    public void What_is_no_mark_is_refused(string text) => Assert.Null(ChangeMark.Parse(text));
}
