using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using Npgsql;
using Xerotier.MaintenanceService.Audit;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Clock;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Demo;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Notices;
using Xerotier.MaintenanceService.Series;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>A statement of the API without its project cannot be written by accident.</summary>
public sealed class IsolationTests(ManagementApi api)
{
    [Theory]
    [InlineData("select count(*) from windows")]
    [InlineData("delete from windows where id = 'mw_aaaaaaaaaaaaaaaaaaaaaaaaaa'")]
    [InlineData("select * from windows where status = @status and id = @id")]
    public async Task A_statement_that_forgets_the_project_does_not_run(string sql)
    {
        await using var database = NpgsqlDataSource.Create(api.Postgres.AdminConnectionString);
        Assert.Throws<ArgumentException>(() => new ProjectDatabase(database).Command("proj_abcdef", sql));
    }

    [Fact]
    public void Only_the_platforms_own_classes_hold_the_whole_database()
    {
        var holders = typeof(WindowStore).Assembly.GetTypes()
            .Where(type => type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Any(constructor => constructor.GetParameters().Any(parameter => parameter.ParameterType == typeof(NpgsqlDataSource))))
            .Select(type => type.Name).Order(StringComparer.Ordinal);
        Assert.Equal([nameof(AnyWindow), nameof(ChangeListener), nameof(ChangeLog), nameof(ChangeNotifier), nameof(ClockStore), nameof(ComponentStore), nameof(DemoNotices), nameof(FullChangeLog), nameof(NoticeStore), nameof(SeriesClock), nameof(Suspensions)], holders);
    }

    [Fact]
    public void Every_method_of_a_store_takes_a_project_or_an_object_that_has_one() =>
        Assert.All(
            new[] { typeof(WindowStore), typeof(SeriesStore), typeof(IncidentStore), typeof(AuditStore) }.SelectMany(store => store.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)),
            method => Assert.True(
                method.GetParameters()[0] is { Name: "projectId" } || method.GetParameters().Any(parameter => parameter.ParameterType == typeof(StoredWindow) || parameter.ParameterType == typeof(StoredSeries) || parameter.ParameterType == typeof(StoredIncident)),
                $"{method.Name} takes no project."));

    [Fact]
    public async Task The_platform_cancels_a_window_of_any_project_and_its_events_say_so()
    {
        using var project = await api.NewProjectAsync();
        using var other = await api.NewProjectAsync();
        var id = await project.CreatedAsync("status", "active");
        var path = $"/v1/platform/maintenance/{id}/cancel";
        (await other.SendAsync(HttpMethod.Post, path)).Is(403, "scope_insufficient");
        using var platform = api.Platform();
        (await platform.SendAsync(HttpMethod.Post, path, new JsonObject { ["reason"] = "x" })).Is(400, "unknown_field", "reason");
        (await platform.SendAsync(HttpMethod.Post, path, ifMatch: "\"7\"")).Is(412, "precondition_failed");
        (await platform.SendAsync(HttpMethod.Post, path.Replace(id, "mw_aaaaaaaaaaaaaaaaaaaa", StringComparison.Ordinal))).Is(404, "not_found");
        (await platform.SendAsync(HttpMethod.Post, path.Replace(id, "x", StringComparison.Ordinal))).Is(404, "not_found");
        (await platform.SendAsync(HttpMethod.Get, path)).Is(405, "method_not_allowed");
        for (var i = 0; i < 2; i++)
        {
            var cancelled = (await platform.SendAsync(HttpMethod.Post, path)).Is(HttpStatusCode.OK);
            Assert.Equal((id, "cancelled", project.Id), (cancelled.Id, cancelled["status"], cancelled["project_id"]));
        }

        var events = (await project.GetAsync($"/{id}/events")).Is(HttpStatusCode.OK).Data;
        Assert.Equal(["cancelled", "created"], events.Select(e => (string?)e!["action"]));
        Assert.NotEqual(project.KeyId, (string?)events[0]!["actor_key_id"]);
        var done = await project.CreatedAsync("status", "completed");
        (await platform.SendAsync(HttpMethod.Post, path.Replace(id, done, StringComparison.Ordinal))).Is(409, "invalid_state_transition");
    }

    [Fact]
    public async Task The_platforms_idempotency_keys_are_its_own()
    {
        using var project = await api.NewProjectAsync();
        using var platform = api.Platform();
        var (one, other, key) = (await project.CreatedAsync(), await project.CreatedAsync(), $"{Guid.NewGuid():N}");
        (await project.CompleteAsync(await project.CreatedAsync(), key)).Is(HttpStatusCode.OK); // the project's, which it is not
        var first = (await CancelAsync(one)).Is(HttpStatusCode.OK);
        (await CancelAsync(other)).Is(409, "idempotency_conflict");
        Assert.Equal("scheduled", (await project.GetAsync($"/{other}"))["status"]);
        (await project.PurgeAsync(one)).Is(HttpStatusCode.OK);
        Assert.Equal(first.Text, (await CancelAsync(one)).Is(HttpStatusCode.OK).Text);

        Task<Reply> CancelAsync(string id) => platform.SendAsync(HttpMethod.Post, $"/v1/platform/maintenance/{id}/cancel", idempotencyKey: key);
    }
}
