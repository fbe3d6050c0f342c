using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>A series from the operator's key to the public documents, through every service.</summary>
[Collection<SharedCluster>]
public sealed class SeriesTests(SharedCluster shared)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1.5); // 500 ms, three times as slack

    private readonly Cluster cluster = shared.Cluster;

    [Fact]
    public async Task Everybody_sees_what_has_begun_of_a_series_and_the_next_two()
    {
        using var operators = cluster.Http(cluster.ApiKey);
        using var visitor = cluster.Http();
        var (windows, series) = ($"/{cluster.ProjectId}/v1/management/maintenance", $"/{cluster.ProjectId}/v1/management/maintenance-series");
        var made = await SendAsync(HttpMethod.Post, series, new
        {
            title = "Daily end-to-end maintenance",
            description = "",
            timezone = "Europe/Berlin",
            starts_on = DateTime.UtcNow.AddDays(2).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            local_time = "02:30",
            duration = "PT1H",
            rrule = "FREQ=DAILY",
            horizon_days = 10,
        });
        var id = made["id"]!.ToString();
        var all = (await ReadAsync(operators, $"{windows}?limit=100"))["data"]!.AsArray().Where(IsOfSeries).Select(IdOf).Reverse().ToList();
        Assert.Equal(9, all.Count);
        await ShownAsync("scheduled", all[0], all[1]);
        await Observer.UntilAsync(
            async () => (await ReadAsync(visitor, "/api/v2/scheduled-maintenances/upcoming.json"))["scheduled_maintenances"]!.AsArray()
                .Count(window => window!["name"]!.ToString() == "Daily end-to-end maintenance") == 2,
            Soon,
            "the next two in Statuspage's form");

        await SendAsync(HttpMethod.Patch, $"{windows}/{all[0]}", new { status = "active" });
        await ShownAsync("scheduled", all[1], all[2]);
        await ShownAsync("active", all[0]);
        await SendAsync(HttpMethod.Post, $"{windows}/{all[0]}/complete", null);
        await SendAsync(HttpMethod.Delete, $"{series}/{id}", null);
        await ShownAsync("scheduled");
        await ShownAsync("recent", all[0]);
        Assert.Contains("END:VCALENDAR", await visitor.GetStringAsync($"/status/maintenance/{all[5]}.ics"), StringComparison.Ordinal);

        bool IsOfSeries(JsonNode? window) => window!["series_id"]?.ToString() == id;

        Task ShownAsync(string list, params string[] expected) => Observer.UntilAsync(
            async () => (await ReadAsync(visitor, "/status.json"))["windows"]![list]!.AsArray().Where(IsOfSeries).Select(IdOf).SequenceEqual(expected), Soon, $"{list}: {string.Join(", ", expected)}");

        async Task<JsonNode> SendAsync(HttpMethod method, string path, object? body)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await operators.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
            return JsonNode.Parse(text)!;
        }
    }

    private static string IdOf(JsonNode? window) => window!["id"]!.ToString();

    private static async Task<JsonNode> ReadAsync(HttpClient http, string path) => JsonNode.Parse(await http.GetStringAsync(path))!;
}
