using System.Net;
using System.Text.Json.Nodes;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Who plans work for a service at the time of other work is told so, and may.</summary>
public sealed class OverlapTests(ManagementApi api) : ProjectTests(api)
{
    [Theory]
    [InlineData("Model Storage", "02:30", "02:45", true)]
    [InlineData("model storage,Dashboard", "01:00", "02:01", true)]
    [InlineData("", "02:59", "04:00", true)] // affects all
    [InlineData("Model Storage", "01:00", "02:00", false)] // ends as the other begins
    [InlineData("Model Storage", "03:00", "04:00", false)]
    [InlineData("Dashboard", "02:00", "03:00", false)]
    public async Task A_window_that_overlaps_another_of_a_service_is_written_with_a_warning(string services, string start, string end, bool warned)
    {
        var other = await Project.CreatedAsync("affected_services", new JsonArray("Model Storage"));
        var created = (await Project.CreateAsync(Window(services, start, end))).Is(HttpStatusCode.Created);
        Assert.Equal(warned ? [other] : [], Warned(created));
        Assert.Null((await Project.GetAsync($"/{created.Id}")).Json["warnings"]);
    }

    [Fact]
    public async Task A_change_is_warned_of_what_it_brings_about_and_what_is_over_of_nothing()
    {
        var other = await Project.CreatedAsync();
        var window = (await Project.CreateAsync(Window("", "05:00", "06:00"), "key")).Is(HttpStatusCode.Created);
        Assert.Empty(Warned(window));
        var moved = (await Project.PatchAsync(window.Id, new JsonObject { ["starts_at"] = "2026-05-22T02:30:00Z" })).Is(HttpStatusCode.OK);
        Assert.Equal([other], Warned(moved));
        Assert.Equal(
            $$$"""[{"code":"overlaps","message":"“Database upgrade” is planned for the same service at the same time.","id":"{{{other}}}"}]""",
            moved.Json["warnings"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.DoesNotContain("warnings", (await Project.GetAsync($"/{window.Id}/events")).Text, StringComparison.Ordinal);
        Assert.Equal(window.Text, (await Project.CreateAsync(Window("", "05:00", "06:00"), "key")).Text); // as it was answered
        (await Project.PatchAsync(window.Id, new JsonObject { ["warnings"] = new JsonArray() })).Is(400, "unknown_field", "warnings");

        Assert.Empty(Warned((await Project.CompleteAsync(window.Id)).Is(HttpStatusCode.OK)));
        Assert.Empty(Warned((await Project.CreateAsync(Body.With("status", "completed"))).Is(HttpStatusCode.Created)));
        Assert.Equal([other], Warned(await Project.CreateAsync())); // not of the completed ones
        using var stranger = await Api.NewProjectAsync();
        Assert.Empty(Warned((await stranger.CreateAsync()).Is(HttpStatusCode.Created)));
    }

    [Fact]
    public async Task Of_many_the_first_ten_are_named()
    {
        var all = new List<string>();
        for (var minute = 20; minute > 0; minute--)
        {
            all.Insert(0, await Project.CreatedAsync(Window("", $"02:{minute:00}", "03:00")));
        }

        Assert.Equal(all.Take(10), Warned((await Project.CreateAsync()).Is(HttpStatusCode.Created)));
    }

    private static JsonObject Window(string services, string start, string end) => Body.With(b =>
    {
        b["affected_services"] = new JsonArray([.. services.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(name => (JsonNode)name)]);
        (b["starts_at"], b["ends_at"]) = ($"2026-05-22T{start}:00Z", $"2026-05-22T{end}:00Z");
    });

    private static IEnumerable<string> Warned(Reply reply) => reply.Json["warnings"]?.AsArray().Select(warning => warning!["id"]!.GetValue<string>()) ?? [];
}
