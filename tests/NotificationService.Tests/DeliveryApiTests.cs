using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;

namespace Xerotier.NotificationService.Tests;

/// <summary>Tests, retries and what a subscription's state makes of its messages.</summary>
public sealed class DeliveryApiTests(NotificationApi api) : IAsyncLifetime
{
    private Client project = null!;
    private string id = "";

    public async ValueTask InitializeAsync()
    {
        project = await api.NewProjectAsync();
        id = await project.CreatedAsync();
    }

    public ValueTask DisposeAsync()
    {
        project.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_test_is_a_message_to_this_subscription_alone_and_waits_for_those_before_it()
    {
        var other = await project.CreatedAsync();
        var first = await TestAsync();
        Assert.StartsWith("msg_", first.Id, StringComparison.Ordinal);
        Assert.Equal(("delivery", id, "subscription.test", id, "1", "pending", "0", null), (first["object"], first["subscription_id"], first["event_type"], first["object_id"], first["sequence"], first["state"], first["attempts"], first["last_result"]));
        Assert.NotNull(first["next_attempt_at"]);
        Assert.Equal("""{"object":"subscription","id":"X"}""".Replace("X", id, StringComparison.Ordinal), Encoding.UTF8.GetString((byte[])(await api.ExecuteAsync($"select data from events where object_id = {id}"))!));

        var second = await TestAsync();
        Assert.Equal(("2", null), (second["sequence"], second["next_attempt_at"]));
        await api.ExecuteAsync($"update deliveries set attempts = 3 where id = {first.Id}");
        Assert.Null((await TestAsync())["next_attempt_at"]); // the second still waits
        await api.ExecuteAsync($"update deliveries set state = 'failed', next_attempt_at = null where id = {second.Id}");
        await api.ExecuteAsync($"update deliveries set state = 'delivered' where subscription_id = {id} and sequence = 3");
        var last = await TestAsync();
        Assert.Equal("4", last["sequence"]);
        Assert.NotNull(last["next_attempt_at"]);

        var list = (await project.GetAsync($"/{id}/deliveries?limit=3")).Is(HttpStatusCode.OK);
        Assert.Equal(("4, 3, 2", "true"), (string.Join(", ", list.Data.Select(d => d!["sequence"])), list["has_more"]));
        Assert.Equal([first.Id], (await project.GetAsync($"/{id}/deliveries?after={second.Id}")).Ids);
        (await project.GetAsync($"/{id}/deliveries?after=msg_nothing")).Is(400, "invalid_request", "after");
        (await project.GetAsync($"/{other}/deliveries?after={first.Id}")).Is(400, "invalid_request", "after");
        Assert.Empty((await project.GetAsync($"/{other}/deliveries")).Data);
        Assert.Equal("\"1\"", (await project.GetAsync($"/{id}")).ETag);
    }

    [Fact]
    public async Task However_many_tests_come_at_once_each_has_its_place_and_one_goes_first()
    {
        var tests = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => TestAsync()));
        Assert.Equal(Enumerable.Range(1, 12), tests.Select(test => (int)test.Json["sequence"]!).Order());
        Assert.Equal("1", Assert.Single(tests, test => test["next_attempt_at"] is not null)["sequence"]);
    }

    [Fact]
    public async Task A_subscription_and_a_project_have_so_many_tests_a_minute_and_all_replicas_count_them()
    {
        var database = await api.Postgres.CreateDatabaseAsync<Program>();
        KeyValuePair<string, string?>[] limits = [new("Notifications:TestsPerMinute", "3"), new("Notifications:ProjectTestsPerMinute", "5")];
        await using var one = await NotificationApi.StartServiceAsync(database, "http://127.0.0.1:9", limits);
        await using var two = await NotificationApi.StartServiceAsync(database, "http://127.0.0.1:9", limits);
        using var client = Client.Of(one);
        using var same = Client.Of(two, client.Project);
        using var other = Client.Of(two);
        var first = await client.CreatedAsync();
        var replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => (i % 2 == 0 ? client : same).PostAsync($"/{first}/test")));
        Assert.Equal(3, replies.Count(reply => reply.Status == HttpStatusCode.Created));
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.Created), Refused);
        Assert.Equal(3, (await client.GetAsync($"/{first}/deliveries")).Data.Count);

        // The project's, also of a subscription that was made anew.
        var second = await client.CreatedAsync();
        (await client.PostAsync($"/{second}/test")).Is(HttpStatusCode.Created);
        (await client.DeleteAsync(second)).Is(HttpStatusCode.OK);
        second = await same.CreatedAsync();
        (await same.PostAsync($"/{second}/test")).Is(HttpStatusCode.Created);
        Refused(await client.PostAsync($"/{second}/test"));
        Assert.Equal("1", (await client.GetAsync($"/{second}/deliveries")).Data[0]!["sequence"]!.ToString());
        (await other.PostAsync($"/{await other.CreatedAsync()}/test")).Is(HttpStatusCode.Created);
        (await client.PostAsync("/sub_nothing/test")).Is(404, "not_found");
        (await client.PatchAsync(first, new JsonObject { ["state"] = "disabled" })).Is(HttpStatusCode.OK);
        (await client.PostAsync($"/{first}/test")).Is(409, "invalid_state_transition");

        await using var source = Npgsql.NpgsqlDataSource.Create(database);
        await using var passes = source.CreateCommand("update events set created_at = created_at - interval '1 minute'");
        await passes.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        Assert.Equal("2", (await client.PostAsync($"/{second}/test")).Is(HttpStatusCode.Created)["sequence"]);

        static void Refused(Reply reply) => Assert.InRange(reply.Is(429, "rate_limit_exceeded").Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_message_that_was_given_up_begins_anew_and_one_that_is_due_later_is_tried_now()
    {
        var message = (await TestAsync()).Id;
        await api.ExecuteAsync($"""
            update deliveries set state = 'failed', attempts = 10, next_attempt_at = null, first_attempt_at = clock_timestamp(), last_at = clock_timestamp(), last_status = 500, last_error = 'HTTP 500' where id = {message}
            """);
        var failed = (await project.GetAsync($"/{id}/deliveries")).Data[0]!;
        Assert.Equal(("failed", """[false,500,"HTTP 500"]"""), ((string?)failed["state"], new JsonArray([.. new[] { "delivered", "status_code", "error" }.Select(field => failed["last_result"]![field]!.DeepClone())]).ToJsonString()));

        var again = (await project.PostAsync($"/{id}/deliveries/{message}/retry")).Is(HttpStatusCode.OK);
        Assert.Equal((message, "pending", "0"), (again.Id, again["state"], again["attempts"]));
        Assert.InRange(Next(again), DateTimeOffset.UtcNow.AddSeconds(-30), DateTimeOffset.UtcNow.AddSeconds(5));

        await api.ExecuteAsync($"update deliveries set attempts = 4, next_attempt_at = clock_timestamp() + interval '2 hours' where id = {message}");
        var sooner = (await project.PostAsync($"/{id}/deliveries/{message}/retry")).Is(HttpStatusCode.OK);
        Assert.Equal(("pending", "4"), (sooner["state"], sooner["attempts"]));
        Assert.InRange(Next(sooner), DateTimeOffset.UtcNow.AddSeconds(-30), DateTimeOffset.UtcNow.AddSeconds(5));

        await api.ExecuteAsync($"update deliveries set next_attempt_at = clock_timestamp() + interval '30 seconds' where id = {message}"); // it may be on its way
        Assert.InRange(Next((await project.PostAsync($"/{id}/deliveries/{message}/retry")).Is(HttpStatusCode.OK)), DateTimeOffset.UtcNow.AddSeconds(10), DateTimeOffset.UtcNow.AddSeconds(40));

        await api.ExecuteAsync($"update deliveries set attempts = 0 where id = {message}");
        var waiting = await TestAsync();
        Assert.Null((await project.PostAsync($"/{id}/deliveries/{waiting.Id}/retry")).Is(HttpStatusCode.OK)["next_attempt_at"]);

        await api.ExecuteAsync($"update deliveries set state = 'delivered', next_attempt_at = null where id = {message}");
        (await project.PostAsync($"/{id}/deliveries/{message}/retry")).Is(409, "invalid_state_transition");
        (await project.PostAsync($"/{id}/deliveries/msg_nothing/retry")).Is(404, "not_found");
        (await project.PostAsync($"/{await project.CreatedAsync()}/deliveries/{message}/retry")).Is(404, "not_found");
    }

    [Fact]
    public async Task Disabling_gives_up_what_is_pending_and_enabling_forgets_the_failures()
    {
        var arrived = await TestAsync();
        await api.ExecuteAsync($"update deliveries set state = 'delivered', next_attempt_at = null where id = {arrived.Id}");
        var pending = await TestAsync();
        var waiting = await TestAsync();
        var disabled = (await project.PatchAsync(id, new JsonObject { ["state"] = "disabled" })).Is(HttpStatusCode.OK);
        Assert.Equal(("disabled", null, "2", "\"2\""), (disabled["state"], disabled["disabled_reason"], disabled["failed_count"], disabled.ETag));
        var list = (await project.GetAsync($"/{id}/deliveries")).Data;
        Assert.Equal(["failed", "failed", "delivered"], list.Select(d => (string?)d!["state"]));
        Assert.All(list.Take(2), d => Assert.Equal((null, "The subscription was disabled."), (d!["next_attempt_at"], (string?)d["last_result"]!["error"])));

        (await project.PostAsync($"/{id}/test")).Is(409, "invalid_state_transition");
        (await project.PostAsync($"/{id}/deliveries/{pending.Id}/retry")).Is(409, "invalid_state_transition");
        Assert.Equal(disabled.Text, (await project.PatchAsync(id, new JsonObject { ["state"] = "disabled" })).Text);

        await api.ExecuteAsync($"update subscriptions set disabled_reason = 'It failed for five days.', failing_since = clock_timestamp() where id = {id}"); // as the product does
        Assert.Equal("It failed for five days.", (await project.GetAsync($"/{id}"))["disabled_reason"]);
        Assert.Equal("It failed for five days.", (await project.PatchAsync(id, new JsonObject { ["components"] = new JsonArray("cmp_dashboard") }))["disabled_reason"]);
        var enabled = (await project.PatchAsync(id, new JsonObject { ["state"] = "active" })).Is(HttpStatusCode.OK);
        Assert.Equal(("active", null, "2"), (enabled["state"], enabled["disabled_reason"], enabled["failed_count"]));
        Assert.Equal(1L, await api.ExecuteAsync($"select count(*) from subscriptions where id = {id} and failing_since is null"));
        (await project.PostAsync($"/{id}/deliveries/{pending.Id}/retry")).Is(HttpStatusCode.OK);
        Assert.Null((await project.PostAsync($"/{id}/deliveries/{waiting.Id}/retry")).Is(HttpStatusCode.OK)["next_attempt_at"]); // after the earlier one
        Assert.Equal("4", (await TestAsync())["sequence"]);
    }

    [Fact]
    public async Task Only_its_owner_confirms_an_address_and_it_cannot_become_another()
    {
        await api.ExecuteAsync($"update subscriptions set channel = 'email', target = 'ada@example.com', state = 'unconfirmed' where id = {id}");
        (await project.PostAsync($"/{id}/test")).Is(409, "invalid_state_transition");
        (await project.PatchAsync(id, new JsonObject { ["state"] = "active" })).Is(409, "invalid_state_transition");
        (await project.PatchAsync(id, new JsonObject { ["state"] = "disabled" })).Is(409, "invalid_state_transition");
        (await project.PatchAsync(id, new JsonObject { ["target"] = "eve@example.com" })).Is(409, "invalid_state_transition");
        (await project.PatchAsync(id, new JsonObject { ["events"] = new JsonArray("incident.created") })).Is(HttpStatusCode.OK);
        Assert.Equal(("unconfirmed", "ada@example.com"), ((await project.GetAsync($"/{id}"))["state"], (await project.GetAsync($"/{id}"))["target"]));
    }

    [Fact]
    public async Task Deleting_a_subscription_takes_its_messages_with_it()
    {
        await TestAsync();
        (await project.DeleteAsync(id)).Is(HttpStatusCode.OK);
        Assert.Equal(0L, await api.ExecuteAsync($"select count(*) from deliveries where subscription_id = {id}"));
        (await project.GetAsync($"/{id}/deliveries")).Is(404, "not_found");
    }

    [Fact]
    public async Task A_test_and_a_retry_wake_the_sender()
    {
        await using var service = await NotificationApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), "http://127.0.0.1:9");
        var signal = service.Services.GetRequiredService<DeliverySignal>();
        using var client = Client.Of(service);
        var subscription = await client.CreatedAsync();
        var message = (await client.PostAsync($"/{subscription}/test")).Is(HttpStatusCode.Created).Id;
        Assert.True(await signal.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken));
        (await client.PostAsync($"/{subscription}/deliveries/{message}/retry")).Is(HttpStatusCode.OK);
        Assert.True(await signal.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken));
    }

    private static DateTimeOffset Next(Reply delivery) => DateTimeOffset.Parse(delivery["next_attempt_at"]!, System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_test_or_a_retry_with_the_same_key_happens_once_and_gets_the_first_response_again()
    {
        var tests = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => project.PostAsync($"/{id}/test", key: "one")));
        var message = Assert.Single(tests.Select(test => test.Is(HttpStatusCode.Created).Text).Distinct());
        await api.ExecuteAsync($"update deliveries set state = 'failed', next_attempt_at = null where subscription_id = {id}");
        Assert.Equal(message, (await project.PostAsync($"/{id}/test", ifMatch: "\"9\"", key: "one")).Is(HttpStatusCode.Created).Text);
        Assert.Single((await project.GetAsync($"/{id}/deliveries")).Data);

        var retry = $"/{id}/deliveries/{tests[0].Id}/retry";
        (await project.PostAsync(retry, key: "one")).Is(409, "idempotency_conflict");
        var retried = (await project.PostAsync(retry, key: "two")).Is(HttpStatusCode.OK).Text;
        await api.ExecuteAsync($"update deliveries set state = 'delivered', next_attempt_at = null where subscription_id = {id}");
        Assert.Equal(retried, (await project.PostAsync(retry, key: "two")).Is(HttpStatusCode.OK).Text);
        (await project.PostAsync(retry, key: "three")).Is(409, "invalid_state_transition");
        await api.ExecuteAsync($"update deliveries set state = 'failed', next_attempt_at = null where subscription_id = {id}");
        (await project.PostAsync(retry, key: "three")).Is(HttpStatusCode.OK); // nothing came of it before
        (await project.PostAsync($"/{id}/test", key: new string('k', 256))).Is(400, "invalid_request", "Idempotency-Key");

        // Another project's key is another one; after a day it is free, and then removed.
        using var other = await api.NewProjectAsync();
        Assert.NotEqual(tests[0].Id, (await other.PostAsync($"/{await other.CreatedAsync()}/test", key: "one")).Is(HttpStatusCode.Created).Id);
        await api.ExecuteAsync($"update idempotency_keys set created_at = created_at - interval '1 day' where project_id = {project.Project}");
        Assert.Equal("2", (await project.PostAsync($"/{id}/test", key: "one")).Is(HttpStatusCode.Created)["sequence"]);
        using var cleaner = ActivatorUtilities.CreateInstance<EventCleaner>(api.Services);
        await cleaner.CleanAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1L, await api.ExecuteAsync($"select count(*) from idempotency_keys where project_id = {project.Project}"));
    }

    [Fact]
    public async Task A_subscription_that_has_changed_is_not_tested_unseen()
    {
        (await project.PostAsync($"/{id}/test", ifMatch: "\"1\"")).Is(HttpStatusCode.Created);
        (await project.PatchAsync(id, new JsonObject { ["components"] = new JsonArray("cmp_dashboard") })).Is(HttpStatusCode.OK);
        (await project.PostAsync($"/{id}/test", ifMatch: "\"1\"")).Is(412, "precondition_failed");
        Assert.Single((await project.GetAsync($"/{id}/deliveries")).Data);
    }

    private async Task<Reply> TestAsync() => (await project.PostAsync($"/{id}/test")).Is(HttpStatusCode.Created);
}
