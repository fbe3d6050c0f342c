using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>A service whose own clock is off, beside its database's.</summary>
public sealed class WrongClockTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Messages_are_signed_dated_and_worded_by_the_databases_clock(int hours)
    {
        await using var mail = MailServer.Start();
        await using var notifier = await Notifier.StartAsync(postgres.Server, settings: mail.Settings());
        await notifier.StopAllAsync();
        await notifier.SubscribeAsync("sub_hook", "/hook");
        await notifier.SubscribeAsync("sub_slack", "/slack", channel: "slack");
        await notifier.SubscribeAsync("sub_mail", "", target: "reader@example.org", channel: "email");
        notifier.Configure = services => services.AddSingleton(OffBy(hours));
        await notifier.AddReplicaAsync();
        DateTimeOffset now = (DateTime)(await notifier.ScalarAsync("select clock_timestamp()"))!;
        var start = now + new TimeSpan(hours: 0, minutes: 30, seconds: 20);
        Assert.Equal(3, await notifier.HappenAsync("one", "mw_1", type: EventTypes.MaintenanceReminder, data: JsonSerializer.SerializeToUtf8Bytes(
            SampleWindow.Of("mw_1", WindowStatus.Scheduled, start, start.AddHours(1)), ContractsJson.Wire.MaintenanceWindow)));
        await Eventually.TrueAsync(async () => await notifier.ScalarAsync("select count(*) from deliveries where state = 'delivered'") is 3L, "all are delivered");

        IsNow(DateTimeOffset.FromUnixTimeSeconds(long.Parse(Assert.Single(notifier.Receiver.At("/hook")).Timestamp!, CultureInfo.InvariantCulture)));
        Assert.Equal("Maintenance starts in 30 min: Upgrade", (string?)Assert.Single(notifier.Receiver.At("/slack")).Json["text"]);
        var sent = Assert.Single(mail.Messages).Message;
        Assert.Equal("Maintenance starts in 30 min: Upgrade", sent.Subject);
        IsNow(sent.Date);

        void IsNow(DateTimeOffset at) => Assert.InRange(at - now, TimeSpan.FromSeconds(-2), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Nothing_is_sent_before_the_databases_time_is_known()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server);
        await notifier.StopAllAsync();
        await notifier.SubscribeAsync("sub_1", "/hook");
        notifier.Configure = services => services.AddSingleton(provider => ActivatorUtilities.CreateInstance<DatabaseClock>(provider, NpgsqlDataSource.Create("Host=127.0.0.1;Port=1")));
        await notifier.AddReplicaAsync();
        Assert.Equal(1, await notifier.HappenAsync("one"));
        await Task.Delay(1500); // a sender looks twice a second
        Assert.Empty(notifier.Receiver.Messages);

        notifier.Configure = _ => { };
        await notifier.AddReplicaAsync();
        await Eventually.TrueAsync(() => notifier.Receiver.Messages.Count == 1, "one that knows it sends");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Reminders_are_planned_come_and_are_late_by_the_databases_clock(int hours)
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.reminder}");
        await notifier.StopAllAsync();
        await notifier.CallAsync(HttpMethod.Post, "maintenance", new()
        {
            ["title"] = "Database upgrade",
            ["description"] = "Brief.",
            ["starts_at"] = Time(TimeSpan.FromMinutes(90)),
            ["ends_at"] = Time(TimeSpan.FromHours(3)),
            ["reminders"] = new JsonArray("-2h", "-1h"),
        });
        await notifier.ExecuteAsync("update cursors set mark = 'of another one' where name = 'changes'"); // all is planned anew
        notifier.Configure = services => services
            .AddSingleton(OffBy(hours))
            .AddSingleton(provider => ActivatorUtilities.CreateInstance<InternalTokens>(provider, TimeProvider.System)); // the MaintenanceService would refuse those of an hour before or after
        await notifier.AddReplicaAsync();
        await Eventually.TrueAsync(async () => await notifier.ScalarAsync("select count(*) from windows") is 1L, "it has read anew");
        Assert.Equal("-1h", await notifier.ScalarAsync("select string_agg(name, ' ') from plans")); // what has not passed

        await notifier.ExecuteAsync("update plans set due_at = clock_timestamp(); insert into plans select id, 'reminder', '-3h', clock_timestamp() - interval '2 minutes' from windows");
        await Eventually.TrueAsync(() => notifier.Receiver.Messages.Count >= 2, "both are told");
        await Task.Delay(300); // none too many
        Assert.Equal(
            [("-1h", false), ("-3h", true)],
            notifier.Receiver.Messages.Select(message => message.Json["data"]!).Select(data => ((string?)data["reminder"], (bool?)data["late"])).Order());
    }

    private static TimeProvider OffBy(int hours) => new LeapingTime(TimeProvider.System) { Ahead = TimeSpan.FromHours(hours) };

    private static string Time(TimeSpan fromNow) => (DateTimeOffset.UtcNow + fromNow).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
