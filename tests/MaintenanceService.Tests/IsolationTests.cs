using System.Reflection;
using Npgsql;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Clock;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Notices;
using Xerotier.MaintenanceService.Storage;
using Xerotier.MaintenanceService.Windows;

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
        Assert.Equal([nameof(ChangeListener), nameof(ChangeLog), nameof(ChangeNotifier), nameof(ClockStore), nameof(NoticeStore), nameof(ProjectDatabase)], holders);
    }

    [Fact]
    public void Every_method_of_the_store_takes_a_project_or_a_window_that_has_one() =>
        Assert.All(
            typeof(WindowStore).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly),
            method => Assert.True(
                method.GetParameters()[0] is { Name: "projectId" } or { ParameterType.Name: nameof(StoredWindow) }, $"{method.Name} takes no project."));
}
