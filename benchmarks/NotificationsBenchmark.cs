using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>The way of an incident's update from its acknowledgement to webhooks, beside a loop that only posts.</summary>
internal static class NotificationsBenchmark
{
    private const int Subscribers = 10_000;
    private const int Updates = 100;
    private const int Rounds = 15;

    /// <summary>As many requests at once as the service makes to those who are well.</summary>
    private const int Parallel = 128;

    /// <summary>Just less than what counts as no response.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(14);

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new()
        {
            Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" },
        });
        await using var receiver = await Receiver.StartAsync();
        var (project, key) = await cluster.CreateProjectAsync("operators", true, "management");
        using var operators = cluster.Http(key);
        var incidents = $"/{project}/v1/management/incidents";
        await operators.PostForJsonAsync($"/{project}/v1/management/subscriptions", new { channel = "webhook", target = $"{receiver.Url}/one" });
        var incident = await operators.PostForJsonAsync(incidents, new { title = "Measured", body = "Begin." });

        var alone = new List<double>();
        for (var i = 0; i < Updates; i++)
        {
            alone.AddRange(await TellAsync(1));
            await Task.Delay(Random.Shared.Next(100));
        }

        // One is slow, and one is not there; all others are well.
        await Tools.ExecuteAsync(Tools.DatabaseOf(cluster, "notificationsdb"), $"""
            insert into subscriptions (project_id, id, channel, target, components, events, state, secret, created_by, created_at, updated_at)
            select s.project_id, 'sub_bench' || n, s.channel, case n when 1 then '{receiver.Url}/slow' when 2 then 'http://127.0.0.1:9/dead' else '{receiver.Url}/' || n end,
                s.components, s.events, s.state, s.secret, s.created_by, s.created_at, s.updated_at
            from subscriptions s, generate_series(1, {Subscribers - 1}) n
            """);
        _ = await TellAsync(Subscribers - 2);
        var (all, ours, theirs) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var delays = await TellAsync(Subscribers - 2);
            all.AddRange(delays);
            ours.Add(delays.Count / delays.Max() * 1000);
            theirs.Add(await PostAllAsync(receiver));
        }

        return new("notifications", $"{Updates} updates of one incident to one webhook, then {Rounds + 1} to {Subscribers:N0}, of which one takes {Slow.TotalSeconds:0} s and one is not there; from the response of the write until a healthy one has it. Compared with an HttpClient that posts the same bytes, {Parallel} at a time.",
        [
            new("update until the only subscriber has it", Told(alone)),
            new($"update until it is with a healthy one of {Subscribers:N0}", Told(all), Goal: "≤ 10 s"),
            new("messages a second", $"{Median(ours):N0}/s", $"{Median(theirs):N0}/s", Ratio.OfRounds(ours, theirs), "≥ 0.5 ×"),
        ]);

        // Posts an update; returns the milliseconds until each of those who are well has it.
        async Task<List<double>> TellAsync(int subscribers)
        {
            receiver.Begin(subscribers);
            await operators.PostForJsonAsync($"{incidents}/{incident["id"]}/updates", new { body = "It goes on as it did, and will be told to everybody who asked for it." });
            var written = Stopwatch.GetTimestamp();
            await receiver.Complete.WaitAsync(TimeSpan.FromMinutes(2));
            return [.. receiver.Arrivals.Select(at => Stopwatch.GetElapsedTime(written, at).TotalMilliseconds)];
        }
    }

    /// <summary>Posts what the receiver got last as often as there are subscribers; returns how many a second.</summary>
    private static async Task<double> PostAllAsync(Receiver receiver)
    {
        using var http = new HttpClient();
        var (body, headers) = receiver.Last;
        receiver.Begin(Subscribers);
        var watch = Stopwatch.StartNew();
        await System.Threading.Tasks.Parallel.ForAsync(0, Subscribers, new ParallelOptions { MaxDegreeOfParallelism = Parallel }, async (i, cancellation) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{receiver.Url}/{i}") { Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
            foreach (var (name, value) in headers)
            {
                request.Headers.Add(name, value);
            }

            using var response = await http.SendAsync(request, cancellation);
            response.EnsureSuccessStatusCode();
        });
        return Subscribers / watch.Elapsed.TotalSeconds;
    }

    private static string Told(List<double> delays)
    {
        delays.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"median {delays[delays.Count / 2]:N0} ms, p99 {delays[delays.Count * 99 / 100]:N0} ms, worst {delays[^1]:N0} ms");
    }

    private static double Median(List<double> rates) => rates.Order().ElementAt(rates.Count / 2);

    /// <summary>Takes messages and notes when.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private static readonly string[] Signed = ["webhook-id", "webhook-timestamp", "webhook-signature"];

        private LoopbackServer server = null!;
        private TaskCompletionSource complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ConcurrentQueue<long> arrivals = [];
        private int expected;

        public string Url => server.Url;

        public Task Complete => complete.Task;

        public IEnumerable<long> Arrivals => arrivals;

        /// <summary>The last message with its own headers.</summary>
        public (byte[] Body, (string Name, string Value)[] Headers) Last { get; private set; }

        public static async Task<Receiver> StartAsync()
        {
            var receiver = new Receiver();
            receiver.server = await LoopbackServer.StartAsync(receiver.ReceiveAsync);
            return receiver;
        }

        /// <summary>From now on as many messages are waited for.</summary>
        public void Begin(int messages) => (expected, arrivals, complete) = (messages, [], new(TaskCreationOptions.RunContinuationsAsynchronously));

        public ValueTask DisposeAsync() => server.DisposeAsync();

        private async Task ReceiveAsync(HttpContext context)
        {
            var body = new byte[(int)context.Request.ContentLength!];
            await context.Request.Body.ReadExactlyAsync(body);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            if (context.Request.Path == "/slow")
            {
                await Task.Delay(Slow);
                return;
            }

            arrivals.Enqueue(Stopwatch.GetTimestamp());
            if (arrivals.Count == expected)
            {
                Last = (body, [.. Signed.Select(name => (name, context.Request.Headers[name].ToString()))]);
                complete.TrySetResult();
            }
        }
    }
}
