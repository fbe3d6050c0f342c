using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>A request sent again with its key happens once.</summary>
public sealed class IdempotencyTests(ManagementApi api) : ProjectTests(api)
{
    [Fact]
    public async Task The_same_key_and_body_answer_the_first_answer_again()
    {
        var first = (await Project.CreateAsync(idempotencyKey: "k1")).Is(HttpStatusCode.Created);
        await Project.PatchAsync(first.Id, new JsonObject { ["title"] = "Moved on" });
        var again = (await Project.CreateAsync(idempotencyKey: "k1")).Is(HttpStatusCode.Created);
        Assert.Equal((first.Text, first.ETag, first.Headers.Location), (again.Text, again.ETag, again.Headers.Location));
        Assert.Single((await Project.GetAsync()).Data);
        (await Project.CreateAsync(idempotencyKey: "k2")).Is(HttpStatusCode.Created);
        Assert.Equal(2, (await Project.GetAsync()).Data.Count);
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_a_conflict()
    {
        var first = await Project.CreateAsync(idempotencyKey: "k");
        (await Project.CreateAsync(Body.With("title", "Other"), "k")).Is(409, "idempotency_conflict");
        (await Project.CompleteAsync(first.Id, "k")).Is(409, "idempotency_conflict");
        Assert.Single((await Project.GetAsync()).Data);
        Assert.Equal("scheduled", (await Project.GetAsync($"/{first.Id}"))["status"]);
    }

    [Fact]
    public async Task Complete_and_purge_answer_again_whatever_happened_since()
    {
        var id = await Project.CreatedAsync();
        var completed = (await Project.CompleteAsync(id, "complete")).Is(HttpStatusCode.OK);
        var purged = (await Project.PurgeAsync(id, "purge")).Is(HttpStatusCode.OK);
        Assert.Equal(completed.Text, (await Project.CompleteAsync(id, "complete")).Is(HttpStatusCode.OK).Text);
        Assert.Equal(purged.Text, (await Project.PurgeAsync(id, "purge")).Is(HttpStatusCode.OK).Text);
        (await Project.CompleteAsync(id, "new")).Is(404, "not_found");
        Assert.Equal(3, (await Project.GetAsync($"/{id}/events")).Data.Count);
    }

    [Fact]
    public async Task A_complete_that_changed_nothing_is_kept_too()
    {
        var id = await Project.CreatedAsync("status", "completed");
        var completed = (await Project.CompleteAsync(id, "k")).Is(HttpStatusCode.OK);
        await Project.PurgeAsync(id);
        Assert.Equal(completed.Text, (await Project.CompleteAsync(id, "k")).Is(HttpStatusCode.OK).Text);
    }

    [Fact]
    public async Task A_refusal_is_not_kept()
    {
        (await Project.CreateAsync(Body.With("title", ""), "k")).Is(400, "invalid_request");
        (await Project.CreateAsync(idempotencyKey: "k")).Is(HttpStatusCode.Created);
        var id = await Project.CreatedAsync();
        (await Project.PurgeAsync(id, "p")).Is(409, "invalid_state_transition");
        await Project.CancelAsync(id);
        (await Project.PurgeAsync(id, "p")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Keys_are_a_projects_own()
    {
        using var other = await Api.NewProjectAsync();
        var mine = await Project.CreateAsync(idempotencyKey: "shared");
        var theirs = await other.CreateAsync(Body.With("title", "Other"), "shared");
        Assert.NotEqual(mine.Id, theirs.Is(HttpStatusCode.Created).Id);
    }

    [Fact]
    public async Task Concurrent_requests_with_one_key_make_one_window()
    {
        for (var round = 0; round < 5; round++)
        {
            var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Project.CreateAsync(idempotencyKey: $"k{round}")));
            Assert.Single(replies.Select(r => r.Is(HttpStatusCode.Created).Text).Distinct());
            Assert.Equal(round + 1, (await Project.GetAsync()).Data.Count);

            var id = replies[0].Id;
            replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Project.CompleteAsync(id, $"c{round}")));
            Assert.Single(replies.Select(r => r.Is(HttpStatusCode.OK).Text).Distinct());
            Assert.Equal(2, (await Project.GetAsync($"/{id}/events")).Data.Count);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    public async Task A_key_that_is_no_ASCII_text_is_refused(string key) =>
        (await Project.CreateAsync(idempotencyKey: key)).Is(400, "invalid_request", "Idempotency-Key");

    [Fact]
    public async Task A_key_has_up_to_255_characters()
    {
        (await Project.CreateAsync(idempotencyKey: new string('k', 256))).Is(400, "invalid_request", "Idempotency-Key");
        (await Project.CreateAsync(idempotencyKey: new string('k', 255))).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_key_is_free_again_after_24_hours_and_then_removed()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-30)); // behind the database's, which decides
        var connectionString = await Api.Postgres.CreateDatabaseAsync<Program>();
        await using var service = await ManagementApi.StartServiceAsync(connectionString, time, decides: true);
        using var client = Project.Of(service);

        var first = await CreateAsync();
        time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.Equal(first.Id, (await CreateAsync()).Id);
        time.Advance(TimeSpan.FromSeconds(2));
        var second = await CreateAsync();
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(second.Id, (await CreateAsync()).Id);

        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var count = database.CreateCommand("select count(*) from idempotency_keys");
        Assert.Equal(1L, await count.ExecuteScalarAsync());
        time.Advance(TimeSpan.FromHours(25));
        await Eventually.TrueAsync(async () =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return (long)(await count.ExecuteScalarAsync())! == 0;
        });

        async Task<Reply> CreateAsync() => (await client.CreateAsync(idempotencyKey: "k")).Is(HttpStatusCode.Created);
    }
}
