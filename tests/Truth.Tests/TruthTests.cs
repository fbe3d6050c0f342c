using System.Collections.Concurrent;
using Xerotier.StatusService.Tests;
using Xerotier.TestKit;

namespace Xerotier.Truth.Tests;

/// <summary>
/// Plays random scenarios on the product and on the oracle and wants no difference. <c>TRUTH_SCENARIOS</c> sets how many (100),
/// <c>TRUTH_SEED</c> the first seed (0); with <c>CI</c> a few more have seeds from the date. Every difference names the seed that shows it again.
/// </summary>
public sealed class TruthTests(PostgresFixture postgres, ITestOutputHelper output)
{
    [Fact]
    public async Task The_product_says_what_the_oracle_says_in_every_scenario()
    {
        var seeds = Seeds.Of("TRUTH_SEED", "TRUTH_SCENARIOS", 100);
        var differences = new ConcurrentQueue<string>();
        await EachAsync(seeds, async (database, seed) =>
        {
            foreach (var difference in await new Simulation(database, seed).RunAsync())
            {
                differences.Enqueue(difference);
            }
        });

        output.WriteLine($"{seeds.Count} scenarios, {differences.Count} differences.");
        Assert.True(differences.IsEmpty, string.Join('\n', differences.Take(50)));
    }

    [Fact]
    public async Task A_process_that_is_paused_in_its_first_instant_has_started_all_the_same()
    {
        await using var database = await HistoryDatabase.CreateAsync(postgres.Server, DateTimeOffset.UnixEpoch);
        Assert.Empty(await new Simulation(database, seed: 2263).RunAsync());
    }

    [Fact]
    public async Task A_process_whose_clock_was_wrong_until_it_was_paused_starts_when_it_goes_on()
    {
        await using var database = await HistoryDatabase.CreateAsync(postgres.Server, DateTimeOffset.UnixEpoch);
        Assert.Empty(await new Simulation(database, seed: 3764).RunAsync());
    }

    public static TheoryData<Mutation> Mutations => [.. Enum.GetValues<Mutation>().Where(m => m != Mutation.None)];

    [Theory]
    [MemberData(nameof(Mutations))]
    public async Task A_broken_rule_is_caught(Mutation mutation)
    {
        // Short scenarios first; each catches its mutation within a few seeds.
        await using var database = await HistoryDatabase.CreateAsync(postgres.Server, DateTimeOffset.UnixEpoch);
        for (var seed = 60; seed < 160; seed++)
        {
            if (seed != 100 && await new Simulation(database, seed, mutation).RunAsync() is { Count: > 0 } differences)
            {
                output.WriteLine(differences[0]);
                return;
            }
        }

        Assert.Fail($"Nobody noticed {mutation}.");
    }

    /// <summary>As many at a time as there are processors, each with a database of its own.</summary>
    private async Task EachAsync(IEnumerable<int> seeds, Func<HistoryDatabase, int, Task> play)
    {
        var left = new ConcurrentQueue<int>(seeds);
        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(async () =>
        {
            await using var database = await HistoryDatabase.CreateAsync(postgres.Server, DateTimeOffset.UnixEpoch);
            while (left.TryDequeue(out var seed))
            {
                await play(database, seed);
            }
        })));
    }
}
