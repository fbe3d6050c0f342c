using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Publishing;

namespace Xerotier.StatusService.Tests;

/// <summary>A replica's loop that the test turns by hand, round by round; HTTP and gRPC are left out.</summary>
public sealed class LoopReplica : IAsyncDisposable
{
    private readonly ServiceProvider services;
    private readonly StatusLoop loop;
    private readonly BoardInbox inbox;
    private readonly Recorder recorder;
    private readonly StatusMetrics metrics;
    private readonly DatabaseClock clock;
    private NoticeLists? heard;

    private LoopReplica(NpgsqlDataSource database, Migrations migrations, TimeProvider time)
    {
        services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        clock = new(database, time, services.GetRequiredService<IMeterFactory>(), NullLogger<DatabaseClock>.Instance);
        var (track, store) = (new StatusTrack(), new HistoryStore(database));
        metrics = new(services.GetRequiredService<IMeterFactory>());
        Published = new(time);
        inbox = new(time);
        recorder = new(store, track, new());
        loop = new(
            inbox,
            new(track.Observe),
            new(),
            new(recorder, store, migrations, Options.Create(new HistoryOptions()), time, NullLogger<RecorderTurns>.Instance),
            new(track, new PageRenderer(NullLoggerFactory.Instance, Brand.Default), Published, metrics, time),
            Published,
            metrics,
            clock,
            time,
            NullLogger<StatusLoop>.Instance);
    }

    public Published Published { get; }

    public PageSnapshot? Page => Published.Page.Value;

    public bool Recording => recorder.Recording;

    public bool SaysThatItRecords => metrics.Recording;

    public bool IsTurning => loop.Turn is not null;

    public static async Task<LoopReplica> StartAsync(NpgsqlDataSource database, TimeProvider time)
    {
        var migrations = new Migrations(database, typeof(StatusLoop).Assembly, NullLogger<Migrations>.Instance);
        await migrations.StartAsync(default);
        await migrations.Done;
        var replica = new LoopReplica(database, migrations, time);
        await replica.clock.MeasureAsync(default);
        return replica;
    }

    public void Hear(WatchPlatformHealthResponse health)
    {
        if (Feeds.Read(health) is { } change)
        {
            inbox.Enqueue(change);
        }
    }

    public void Hear(NoticeLists windows)
    {
        var known = windows == heard;
        inbox.Enqueue((inputs, at) => known ? inputs.WithNoticesAlive(at) : inputs.WithWindows(windows, at));
        heard = windows;
    }

    /// <summary>One round, and another one when the recorder's turn is complete.</summary>
    public async Task RoundAsync(bool awaitTurn = true)
    {
        await loop.RoundAsync(default);
        if (awaitTurn && loop.Turn is { } turn)
        {
            await turn;
            await loop.RoundAsync(default);
        }
    }

    /// <summary>Ends as a service does that is told to stop. A replica that gets no more rounds is a killed one.</summary>
    public Task StopAsync() => loop.StopAsync(default);

    public ValueTask DisposeAsync()
    {
        loop.Dispose();
        clock.Dispose();
        metrics.Dispose();
        return services.DisposeAsync();
    }
}
