using FsCheck;
using FsCheck.Fluent;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Properties of asynchronous things, with shrinking.</summary>
internal static class Properties
{
    /// <summary>Fails with the smallest counterexample, and the seed to find it again, unless <paramref name="property"/> passes for <paramref name="runs"/> lists.</summary>
    public static void ForAllLists<T>(Gen<T> element, int runs, Func<IReadOnlyList<T>, Task> property) =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(runs).WithEndSize(20),
            Prop.ForAll(Arb.From(Gen.ArrayOf(element), Shorter), list => property(list).GetAwaiter().GetResult()));

    private static IEnumerable<T[]> Shorter<T>(T[] list) => list.Select((_, i) => list[..i].Concat(list[(i + 1)..]).ToArray());
}
