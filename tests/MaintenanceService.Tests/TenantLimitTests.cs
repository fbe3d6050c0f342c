using System.Net;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>What a tenant may have, with the limits as they are by default.</summary>
public sealed class TenantLimitTests(ManagementApi api) : IAsyncLifetime
{
    private readonly DateTimeOffset today = DateTimeOffset.UtcNow;
    private InProcessService<Program> limited = null!;
    private InProcessService<Program> unlimited = null!;

    public async ValueTask InitializeAsync()
    {
        var database = await api.Postgres.CreateDatabaseAsync<Program>();
        limited = await ManagementApi.StartServiceAsync(database, limited: true);
        unlimited = await ManagementApi.StartServiceAsync(database);
    }

    public async ValueTask DisposeAsync()
    {
        await limited.DisposeAsync();
        await unlimited.DisposeAsync();
    }

    [Fact]
    public async Task A_project_has_at_most_100_open_windows_however_many_requests_come_at_once()
    {
        using var project = Project.Of(limited);
        var replies = await Task.WhenAll(Enumerable.Range(0, 112).Select(i => project.CreateAsync(Window(1), idempotencyKey: $"window-{i}")));
        Assert.Equal(100, replies.Count(reply => reply.Status == HttpStatusCode.Created));
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.Created), reply => reply.Is(409, "quota_exceeded"));

        var (first, refused) = (Array.FindIndex(replies, reply => reply.Status == HttpStatusCode.Created), Array.FindIndex(replies, reply => reply.Status != HttpStatusCode.Created));
        Assert.Equal(replies[first].Id, (await project.CreateAsync(Window(1), idempotencyKey: $"window-{first}")).Is(HttpStatusCode.Created).Id);
        (await project.CreateAsync(Window(1, "status", "completed"))).Is(HttpStatusCode.Created);
        (await project.PatchAsync(replies[first].Id, new JsonObject { ["title"] = "Changed" })).Is(HttpStatusCode.OK);
        (await project.CancelAsync(replies[first].Id)).Is(HttpStatusCode.OK);
        (await project.CreateAsync(Window(1), idempotencyKey: $"window-{refused}")).Is(HttpStatusCode.Created); // the key was not used up
        (await project.CreateAsync(Window(1, "status", "active"))).Is(409, "quota_exceeded");

        using var other = Project.Of(limited);
        (await other.CreateAsync(Window(1))).Is(HttpStatusCode.Created);
        using var platform = Project.Of(limited, platform: true);
        await Parallel.ForAsync(0, 101, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, _) => (await platform.CreateAsync(Window(1))).Is(HttpStatusCode.Created));
    }

    [Fact]
    public async Task A_window_starts_within_a_year_and_one_that_does_not_can_still_be_changed()
    {
        using var project = Project.Of(limited);
        var near = (await project.CreateAsync(Window(365))).Is(HttpStatusCode.Created).Id;
        (await project.CreateAsync(Window(-365))).Is(HttpStatusCode.Created);
        foreach (var days in new[] { 367, -367, 100_000 })
        {
            (await project.CreateAsync(Window(days))).Is(409, "quota_exceeded", "starts_at");
            (await project.PatchAsync(near, new JsonObject { ["starts_at"] = Start(days), ["ends_at"] = Start(days + 1) })).Is(409, "quota_exceeded", "starts_at");
        }

        using var before = Project.Of(unlimited, id: project.Id);
        var far = (await before.CreateAsync(Window(400))).Is(HttpStatusCode.Created).Id;
        (await project.PatchAsync(far, new JsonObject { ["title"] = "Changed" })).Is(HttpStatusCode.OK);
        (await project.PatchAsync(far, new JsonObject { ["starts_at"] = Start(10) })).Is(HttpStatusCode.OK);

        using var platform = Project.Of(limited, platform: true);
        (await platform.CreateAsync(Window(400))).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_repeated_request_gets_its_first_response_though_the_limit_would_refuse_it_by_now()
    {
        using var project = Project.Of(unlimited);
        var window = Window(400);
        var made = (await project.CreateAsync(window, idempotencyKey: "far")).Is(HttpStatusCode.Created);
        using var since = Project.Of(limited, id: project.Id);
        (await since.CreateAsync(window)).Is(409, "quota_exceeded", "starts_at");
        Assert.Equal(made.Text, (await since.CreateAsync(window, idempotencyKey: "far")).Is(HttpStatusCode.Created).Text);
    }

    [Fact]
    public async Task The_year_begins_on_the_databases_today()
    {
        var time = new LeapingTime(TimeProvider.System) { Ahead = TimeSpan.FromDays(400) };
        await using var ahead = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), time, limited: true);
        using var project = Project.Of(ahead);
        var near = (await project.CreateAsync(Window(10))).Is(HttpStatusCode.Created).Id;
        (await project.CreateAsync(Window(400))).Is(409, "quota_exceeded", "starts_at");
        (await project.PatchAsync(near, new JsonObject { ["ends_at"] = Start(400), ["starts_at"] = Start(399) })).Is(409, "quota_exceeded", "starts_at");
    }

    private string Start(int days) => today.AddDays(days).ToString("O");

    private JsonObject Window(int days, string? field = null, string? value = null) => Body.With(body =>
    {
        (body["starts_at"], body["ends_at"]) = (Start(days), Start(days + 1));
        if (field is not null)
        {
            body[field] = value;
        }
    });
}
