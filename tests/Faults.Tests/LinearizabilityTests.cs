namespace Xerotier.Faults.Tests;

/// <summary>The checker and the model of a window themselves: what they must accept, and what they must not.</summary>
public sealed class LinearizabilityTests
{
    private static readonly WindowState Created = new(1, "scheduled", "a", "");
    private static readonly WindowRequest Read = new(WindowRequest.Read);

    [Fact]
    public void Changes_one_after_the_other_and_at_the_same_time_are_accepted() => Accepts(
        Ok(0, 1, Read, Created),
        Ok(2, 9, Title("b"), new(3, "scheduled", "b", "x")), // second of two at the same time
        Ok(3, 8, new(WindowRequest.Change, Description: "x"), new(2, "scheduled", "a", "x")),
        Ok(4, 7, Read, new(2, "scheduled", "a", "x")),
        Told(10, 11, Title("c", ifMatch: 2), 412),
        Ok(12, 13, Title("c", ifMatch: 3), new(4, "scheduled", "c", "x")),
        Ok(14, 15, new(WindowRequest.Change, Status: "cancelled"), new(5, "cancelled", "c", "x")),
        Told(16, 17, Title("d"), 409),
        Told(18, 19, new(WindowRequest.Read, IfNoneMatch: 5), 304),
        Told(20, 21, new(WindowRequest.Purge), 200),
        Told(22, 23, Read, 404));

    [Fact]
    public void An_unknown_change_may_take_effect_later_or_never_but_once()
    {
        var unknown = Unknown(0, Title("b"));
        Accepts(unknown, Ok(10, 11, Read, Created));
        Accepts(unknown, Ok(10, 11, Read, Created), Ok(20, 21, Read, new(2, "scheduled", "b", "")));
        Rejects(unknown, Ok(10, 11, Read, new(2, "scheduled", "b", "")), Ok(20, 21, Read, Created)); // undone
        Rejects(unknown, Ok(10, 11, Title("c"), new(3, "scheduled", "c", "")), Ok(20, 21, Read, new(4, "scheduled", "b", ""))); // done twice
        Rejects(Ok(0, 1, Read, new(2, "scheduled", "b", "")), Unknown(2, Title("b"))); // before it was asked for
    }

    [Fact]
    public void A_lost_update_is_found()
    {
        Rejects(Ok(0, 1, Title("b"), new(2, "scheduled", "b", "")), Ok(2, 3, Read, Created));
        Rejects( // both changed version 1
            Ok(0, 9, Title("b", ifMatch: 1), new(2, "scheduled", "b", "")),
            Ok(1, 8, new(WindowRequest.Change, Description: "x", IfMatch: 1), new(2, "scheduled", "a", "x")));
        Rejects( // a field goes back with the change of another
            Ok(0, 1, Title("b"), new(2, "scheduled", "b", "")),
            Ok(2, 3, new(WindowRequest.Change, Description: "x"), new(3, "scheduled", "a", "x")));
        Rejects(Ok(0, 1, Title("b"), new(2, "scheduled", "b", "")), Told(2, 3, Title("c", ifMatch: 2), 412), Ok(4, 5, Read, new(2, "scheduled", "b", "")));
    }

    [Fact]
    public void A_stale_read_is_found()
    {
        var change = Ok(0, 10, Title("b"), new(2, "scheduled", "b", ""));
        Accepts(change, Ok(1, 2, Read, Created), Ok(3, 4, Read, new(2, "scheduled", "b", "")));
        Rejects(change, Ok(11, 12, Read, Created));
        Rejects(change, Ok(1, 2, Read, new(2, "scheduled", "b", "")), Ok(3, 4, Read, Created)); // seen, then not
        Rejects(change, Told(11, 12, new(WindowRequest.Read, IfNoneMatch: 1), 304));
    }

    [Fact]
    public void A_double_effect_is_found()
    {
        Rejects(Ok(0, 1, Title("b"), new(2, "scheduled", "b", "")), Ok(2, 3, Read, new(3, "scheduled", "b", "")));
        Rejects( // the first one has been carried out again after the second
            Ok(0, 1, Title("b"), new(2, "scheduled", "b", "")),
            Ok(2, 3, Title("c"), new(3, "scheduled", "c", "")),
            Ok(4, 5, Read, new(4, "scheduled", "b", "")));
    }

    [Fact]
    public void A_final_window_that_changes_or_returns_is_found()
    {
        var cancelled = Ok(0, 1, new(WindowRequest.Change, Status: "cancelled"), new(2, "cancelled", "a", ""));
        Rejects(cancelled, Ok(2, 3, new(WindowRequest.Change, Status: "active"), new(3, "active", "a", "")));
        Rejects(cancelled, Told(2, 3, new(WindowRequest.Purge), 200), Ok(4, 5, Read, new(2, "cancelled", "a", "")));
        Rejects(Told(0, 1, new(WindowRequest.Purge), 200));
        Rejects(Told(0, 1, Read, 404));
        Rejects(
            Ok(0, 1, new(WindowRequest.Change, Status: "active"), new(2, "active", "a", "")),
            Ok(2, 3, new(WindowRequest.Change, Status: "scheduled"), new(3, "scheduled", "a", "")));
    }

    [Fact]
    public void As_many_operations_as_a_window_has_are_decided_in_no_time()
    {
        var unknown = Enumerable.Range(0, 9).Select(i => Unknown(i, Title($"unknown {i}")));
        var changes = Enumerable.Range(0, 24).Select(i => Ok(100 + (10 * i), 125 + (10 * i), Title($"{i}"), new(i + 2, "scheduled", $"{i}", ""))).ToList(); // three at a time
        Accepts([.. unknown, .. changes, Ok(2000, 2001, Read, new(25, "scheduled", "23", ""))]);
        Rejects([.. unknown, .. changes, Ok(2000, 2001, Read, new(25, "scheduled", "22", ""))]);
    }

    private static WindowRequest Title(string title, long? ifMatch = null) => new(WindowRequest.Change, Title: title, IfMatch: ifMatch);

    private static WindowOperation Ok(long invoked, long returned, WindowRequest request, WindowState window) => new("", request, invoked, returned, 200, window);

    private static WindowOperation Told(long invoked, long returned, WindowRequest request, int status) => new("", request, invoked, returned, status, null);

    private static WindowOperation Unknown(long invoked, WindowRequest request) => new("", request, invoked, invoked + 1, null, null);

    private static void Accepts(params WindowOperation[] history) => Assert.True(Holds(history));

    private static void Rejects(params WindowOperation[] history) => Assert.False(Holds(history));

    private static bool Holds(WindowOperation[] history) => Linearizability.Holds(Created, [.. history.Select(operation => operation.ForCheck())]);
}
