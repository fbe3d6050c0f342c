using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway.Tests;

public sealed class BoundedTableTests
{
    private readonly HashSet<string> staying = [];
    private int examined;

    [Fact]
    public void The_oldest_go_first_and_those_that_must_stay_stay()
    {
        var removed = new List<string>();
        var table = new BoundedTable<int, string>(3, MayGo, removed.Add);
        staying.Add("0");
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal($"{i}", table.GetOrAdd(i, $"{i}"));
        }

        Assert.Equal(["1", "2", "3"], removed);
        Assert.Equal(["0", "4", "5"], table.Values.Order());
        Assert.Equal("4", table.GetOrAdd(4, "another"));
    }

    [Fact]
    public void An_addition_examines_a_few_entries_however_many_must_stay_and_the_table_shrinks_once_they_may_go()
    {
        var table = new BoundedTable<int, string>(1_000, MayGo, _ => { });
        for (var i = 0; i < 5_000; i++)
        {
            staying.Add($"{i}");
            table.GetOrAdd(i, $"{i}");
        }

        Assert.Equal(5_000, table.Count);
        Assert.InRange(examined, 1, 4_000 * BoundedTable<int, string>.Examined);
        staying.Clear();
        for (var i = 5_000; i < 6_000; i++)
        {
            table.GetOrAdd(i, $"{i}");
        }

        Assert.Equal(1_000, table.Count);
    }

    [Fact]
    public void What_its_owner_removes_leaves_nothing_behind()
    {
        var table = new BoundedTable<int, string>(10, MayGo, _ => { });
        staying.Add("kept");
        table.GetOrAdd(0, "kept");
        for (var i = 0; i < 1_000; i++)
        {
            table.GetOrAdd(1, $"{i}");
            table.Remove(1, out _);
        }

        Assert.Equal(["kept"], table.Values);
        Assert.InRange(table.Ordered, 1, 21);
    }

    private bool MayGo(string value)
    {
        examined++;
        return !staying.Contains(value);
    }
}
