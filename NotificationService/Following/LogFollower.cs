using System.Globalization;
using Grpc.Core;
using Npgsql;
using Xerotier.NotificationService.Events;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Following;

/// <summary>
/// Follows a log of another service while this replica holds its cursor. What a response says, the events that come of it and the mark
/// after it are written in one transaction, and messages to everybody before the next response: whatever dies when, each change is taken
/// once, and whoever holds the cursor next tells those who have not been told.
/// </summary>
/// <typeparam name="TResponse">A response of the log.</typeparam>
internal abstract partial class LogFollower<TResponse>(string name, NpgsqlDataSource database, Migrations migrations, DeliverySignal signal, TimeProvider time, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2.5); // a living stream responds twice a second
    private static readonly TimeSpan KeepEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LeaveToOthersFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan InGoodHandsAfter = TimeSpan.FromSeconds(15); // whoever holds the cursor and reads nothing has let go of it before

    private readonly LogCursor cursor = new(name, database);
    private readonly FailureLog failures = new(logger, $"The log of {name} cannot be followed; it is tried again from where it was", $"The log of {name} is followed again");

    private int generation;
    private long? othersSince; // when another replica was first found to hold the cursor

    /// <summary>Opens the stream after a mark.</summary>
    protected abstract AsyncServerStreamingCall<TResponse> Open(string mark, CancellationToken cancellation);

    /// <summary>The mark after a response.</summary>
    protected abstract string MarkOf(TResponse response);

    /// <summary>The key of an event: the version of what changed, which may come again, of another change, where a database was set back and its log is begun anew.</summary>
    protected string KeyOf(string id, long version) => string.Create(CultureInfo.InvariantCulture, $"{id}.{version}{(generation == 0 ? "" : $"@{generation}")}");

    /// <summary>Whether nothing else has happened up to a response's mark that is still to come: only then is it known that what is due still is.</summary>
    protected abstract bool IsUpToDate(TResponse response);

    /// <summary>Whether a response says something.</summary>
    protected abstract bool IsNews(TResponse response);

    /// <summary>Reads where things are, without telling anybody: the log begins here. <paramref name="refused"/> is the mark that it no longer takes, empty if there was none.</summary>
    /// <returns>The mark from which to follow.</returns>
    protected abstract Task<string> BeginAsync(NpgsqlConnection connection, string refused, CancellationToken cancellation);

    /// <summary>Keeps hold of the log while it is begun, which may take longer than a hold lasts.</summary>
    /// <exception cref="CursorLostException">Another replica holds it.</exception>
    protected async Task KeepAsync(CancellationToken cancellation) => _ = await cursor.HoldAsync(cancellation) ?? throw new CursorLostException();

    /// <summary>Takes what a response says, within a transaction.</summary>
    /// <returns>The events that come of it.</returns>
    protected abstract Task<IReadOnlyList<NewEvent>> TakeAsync(NpgsqlConnection connection, TResponse response, CancellationToken cancellation);

    /// <summary>Takes what is due by the clock, within a transaction; everything that the log says has been taken.</summary>
    /// <returns>The events that come of it; none: nothing is due.</returns>
    protected abstract Task<IReadOnlyList<NewEvent>> TakeDueAsync(NpgsqlConnection connection, CancellationToken cancellation);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        var started = time.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = RetryAfter;
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return; // whatever was under way is not committed, and is done again by whoever comes next
            }
            catch (CursorLostException)
            {
                // it is in good hands
            }
            catch (Exception failure)
            {
                if (time.GetElapsedTime(started) > ServiceClients.StartupGrace || failure is not RpcException)
                {
                    failures.Failed(failure); // else the other service may be starting as well
                }

                await ReleaseAsync(stoppingToken); // another replica may reach what this one does not
                pause = LeaveToOthersFor;
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await ReleaseAsync(cancellationToken);
    }

    private async Task ReleaseAsync(CancellationToken cancellation)
    {
        try
        {
            await cursor.ReleaseAsync(cancellation);
        }
        catch (Exception failure)
        {
            // The hold ends by itself, and a database that cannot be asked ends no loop.
            if (!cancellation.IsCancellationRequested)
            {
                failures.Failed(failure);
            }
        }
    }

    /// <summary>Follows the log until the stream ends; returns at once while another replica does.</summary>
    private async Task FollowAsync(CancellationToken stopping)
    {
        if (await cursor.HoldAsync(stopping) is not var (mark, held))
        {
            othersSince ??= time.GetTimestamp();
            if (time.GetElapsedTime(othersSince.Value) > InGoodHandsAfter)
            {
                failures.Succeeded();
            }

            return;
        }

        (generation, othersSince) = (held, null);
        await EverybodyAsync(stopping); // whoever held it before may have died while telling
        if (mark.Length == 0)
        {
            mark = await AnewAsync(refused: "", stopping);
        }

        using var silent = new CancellationTokenSource(Silence, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, silent.Token);
        var kept = time.GetTimestamp();
        var (opened, lifetime) = (kept, ServiceClients.NewStreamLifetime());
        try
        {
            using var call = Open(mark, ended.Token);
            while (time.GetElapsedTime(opened) < lifetime && await call.ResponseStream.MoveNext(ended.Token))
            {
                silent.CancelAfter(Timeout.InfiniteTimeSpan); // the database may take its time
                var response = call.ResponseStream.Current;
                var upToDate = IsUpToDate(response) || !IsNews(response); // an earlier release's says it only by having none
                mark = MarkOf(response);
                if (IsNews(response) || time.GetElapsedTime(kept) >= KeepEvery)
                {
                    await WriteAsync((connection, cancellation) => TakeAsync(connection, response, cancellation), (mark, upToDate), stopping);
                    kept = time.GetTimestamp();
                }

                if (upToDate)
                {
                    await WriteAsync(TakeDueAsync, reached: null, stopping);
                }

                failures.Succeeded();
                silent.CancelAfter(Silence);
            }
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.OutOfRange)
        {
            LogAnew(logger, name);
            await AnewAsync(mark, stopping);
        }
    }

    private async Task<string> AnewAsync(string refused, CancellationToken stopping)
    {
        await using var connection = await database.OpenConnectionAsync(stopping);
        await using var transaction = await connection.BeginTransactionAsync(stopping);
        var mark = await BeginAsync(connection, refused, stopping);
        generation = await cursor.BeginAsync(connection, mark, stopping);
        await transaction.CommitAsync(stopping);
        return mark;
    }

    private async Task WriteAsync(Func<NpgsqlConnection, CancellationToken, Task<IReadOnlyList<NewEvent>>> take, (string Mark, bool UpToDate)? reached, CancellationToken stopping)
    {
        var happened = false;
        await using (var connection = await database.OpenConnectionAsync(stopping))
        await using (var transaction = await connection.BeginTransactionAsync(stopping))
        {
            if (reached is var (mark, upToDate))
            {
                await cursor.MoveAsync(connection, mark, upToDate, stopping); // first: it waits for whoever held it before
            }

            foreach (var added in await take(connection, stopping))
            {
                happened |= await EventStore.AddAsync(connection, added, stopping);
            }

            await transaction.CommitAsync(stopping);
        }

        if (happened)
        {
            await EverybodyAsync(stopping);
        }
    }

    /// <summary>Tells everybody who has not been told.</summary>
    private async Task EverybodyAsync(CancellationToken stopping)
    {
        await using var connection = await database.OpenConnectionAsync(stopping);
        await EventStore.TellAsync(connection, signal.Wake, stopping);
    }

    [LoggerMessage(1, LogLevel.Warning, "The log of {Name} no longer has what came after the mark, or is another one: it is read anew, and what happened in between may be told to nobody")]
    private static partial void LogAnew(ILogger logger, string name);
}
