using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Tests;

/// <summary>The probe asks a real server, at the instants of a clock that the test controls.</summary>
public sealed class ModelStorageProbeTests
{
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
    private readonly Channel<bool> questions = Channel.CreateUnbounded<bool>();
    private readonly Channel<int> answers = Channel.CreateUnbounded<int>();

    [Fact]
    public async Task Three_failures_in_a_row_are_an_outage_and_one_success_ends_it()
    {
        await using var storage = await StorageAsync();
        var inbox = new BoardInbox(time);
        var options = new ModelStorageOptions { ProbeUrl = storage.Urls.Single(), TimeoutSeconds = 60 };
        using var probe = new ModelStorageProbe(Options.Create(options), inbox, time, NullLogger<ModelStorageProbe>.Instance);
        await probe.StartAsync(default);
        Assert.Equal(ComponentStatus.Unknown, (await NextAsync()).Status);

        // The next verdict is that of the success: the failures before it changed nothing.
        await AnswerAsync(503, 503, 200);
        Assert.Equal(Verdict.Operational, await NextAsync());

        // The count begins anew.
        await AnswerAsync(503, 503, 200, 503, 503, 503);
        Assert.Equal(Verdict.Operational, await NextAsync());
        Assert.Equal(ModelStorageProbe.Failed, await NextAsync());
        await AnswerAsync(200);
        Assert.Equal(Verdict.Operational, await NextAsync());
        await probe.StopAsync(default);

        async Task<Verdict> NextAsync()
        {
            await inbox.WaitAsync(default).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.True(inbox.TryDequeue(time.GetUtcNow(), out var message));
            return message.Change(BoardInputs.Nothing, message.At).ModelStorage;
        }
    }

    private async Task AnswerAsync(params int[] statuses)
    {
        foreach (var status in statuses)
        {
            await questions.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            answers.Writer.TryWrite(status);
            time.Advance(TimeSpan.FromSeconds(10)); // the next question, as soon as this one has its answer
        }
    }

    private async Task<WebApplication> StorageAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.MapGet("/", async (CancellationToken cancellation) =>
        {
            questions.Writer.TryWrite(true);
            return Results.StatusCode(await answers.Reader.ReadAsync(cancellation));
        });
        await app.StartAsync();
        return app;
    }
}
