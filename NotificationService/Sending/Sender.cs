using System.Collections.Concurrent;
using System.Threading.Channels;
using Xerotier.NotificationService.Mail;
using Xerotier.NotificationService.Messages;
using Xerotier.NotificationService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.NotificationService.Sending;

/// <summary>
/// Sends what is due, on any number of replicas. Subscriptions that fail, or take long, have a lane of their own, so that a dead receiver
/// delays nobody who is well, and e-mail has one. What came of attempts is written many at a time; what could not be written is sent again, with the same id.
/// </summary>
internal sealed class Sender(
    DeliveryQueue queue, MessageSender messages, MailSender mail, Brand brand, NotificationMetrics metrics, DeliverySignal signal, Migrations migrations, DatabaseClock clock, TimeProvider time, ILogger<Sender> logger) : BackgroundService
{
    private const int MostRecorded = 500;

    /// <summary>How many messages are under way at once to those who are well, and to the others.</summary>
    private const int LaneOfWell = 128;
    private const int LaneOfSlow = 64;

    /// <summary>How many more of each may be under way that turn out to take long (<see cref="SlowAbove"/>), so that hundreds that hang together hold up nobody for their whole timeouts, nor one who failed once and is well again.</summary>
    private const int Lingering = 512;

    /// <summary>And by e-mail, each over a connection to the mail server.</summary>
    private const int LaneOfMail = 4;

    /// <summary>After more results than these were written at once, the next are gathered for a moment: a transaction for many costs little more than for one.</summary>
    private const int Many = 32;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(60);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>For how long the database's time is waited for. One that is too slow to be measured must not hold up messages for ever: the service's own goes then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SlowAbove = TimeSpan.FromSeconds(2);

    /// <summary>A message that has waited longer for its place is looked up once more: its subscription may have been deleted, disabled or given another target.</summary>
    private static readonly TimeSpan Current = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MeasureEvery = TimeSpan.FromSeconds(5);

    private readonly Channel<Attempt> attempts = Channel.CreateUnbounded<Attempt>(new() { SingleReader = true }); // as many as are under way, at most
    private readonly ConcurrentDictionary<string, DueDelivery> underWay = new(StringComparer.Ordinal);
    private readonly FailureLog failures = new(logger, "Messages cannot be taken from the database; it is tried again", "Messages are taken from the database again");
    private readonly FailureLog recordFailures = new(logger, "What came of messages cannot be written; it is tried again", "What came of messages is written again");

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        for (var since = time.GetTimestamp(); clock.Skew is null && time.GetElapsedTime(since) < Patience;)
        {
            await Task.Delay(Poll, time, stoppingToken); // messages are signed and dated by the database's time, and say how long it is until a start
        }

        var measuring = new FailureLog(logger, "The messages that are to be tried cannot be counted", "The messages that are to be tried are counted again");
        await Task.WhenAll(
            LaneAsync(LaneOfWell, LaneOfWell + Lingering, 2 * LaneOfWell, Lane.Well, stoppingToken),
            LaneAsync(LaneOfSlow, LaneOfSlow + Lingering, 2 * LaneOfSlow, Lane.Slow, stoppingToken),
            LaneAsync(LaneOfMail, LaneOfMail, LaneOfMail, Lane.Mail, stoppingToken),
            RecordAsync(stoppingToken),
            measuring.RepeatAsync(async cancellation => metrics.Backlog = await queue.BacklogAsync(cancellation), MeasureEvery, time, stoppingToken));
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            for (var batch = Next(); batch.Count > 0; batch = Next())
            {
                await queue.RecordAsync(batch, cancellationToken);
                batch.ForEach(attempt => underWay.TryRemove(attempt.Delivery.Id, out _));
            }
        }
        catch (Exception failure) when (IsOfDatabase(failure))
        {
            recordFailures.Failed(failure); // they are sent again, with the same ids
        }

        try
        {
            if (!underWay.IsEmpty)
            {
                await queue.GiveBackAsync(underWay.Values, cancellationToken);
            }
        }
        catch (Exception failure) when (IsOfDatabase(failure))
        {
            recordFailures.Failed(failure); // another replica takes them when their minute is over
        }

        static bool IsOfDatabase(Exception failure) => failure is OperationCanceledException || Postgres.ToApiError(failure) is not null;
    }

    /// <summary>
    /// Takes what is due, ahead of those who send it, so that neither waits for the other: many at a time, since a take costs little more
    /// for many.
    /// </summary>
    /// <param name="width">How many are under way at once, not counting those that have taken long already.</param>
    /// <param name="most">How many are with those.</param>
    /// <param name="ahead">How many more are taken at most. Were nobody to respond, the last of them must still have ended within <see cref="DeliveryQueue.Hold"/>: two rounds more of 15 s, or one more of a mail server's 20 s.</param>
    /// <param name="lane">Which.</param>
    /// <param name="stopping">Ends it.</param>
    private async Task LaneAsync(int width, int most, int ahead, Lane lane, CancellationToken stopping)
    {
        using var places = new SemaphoreSlim(width);
        var due = Channel.CreateBounded<(DueDelivery Delivery, StoredEvent Of)>(new BoundedChannelOptions(ahead) { SingleWriter = true });
        var room = new WakeSignal();
        await Task.WhenAll([TakeAsync(), .. Enumerable.Range(0, most).Select(_ => SendAsync())]);

        async Task TakeAsync()
        {
            while (true)
            {
                var taken = 0;
                while (due.Reader.Count > ahead / 2)
                {
                    await room.WaitAsync(Poll, time, stopping);
                }

                try
                {
                    var found = await queue.TakeAsync(ahead - due.Reader.Count, lane, CancellationToken.None); // what was taken must be known here, or nobody tries it for a minute
                    taken = found.Count;
                    found.ForEach(delivery => underWay[delivery.Id] = delivery);
                    if (taken > 0)
                    {
                        await HandOnAsync(found);
                    }

                    failures.Succeeded();
                }
                catch (Exception failure) when (!stopping.IsCancellationRequested)
                {
                    failures.Failed(failure);
                    await Task.Delay(Poll, time, stopping);
                }

                if (taken == 0)
                {
                    await (lane != Lane.Well ? Task.Delay(Poll, time, stopping) : signal.WaitAsync(Poll, time, stopping));
                }
            }
        }

        async Task HandOnAsync(List<DueDelivery> found)
        {
            stopping.ThrowIfCancellationRequested(); // they are given back
            Dictionary<long, StoredEvent> events;
            try
            {
                events = await queue.EventsAsync(found.Select(delivery => delivery.EventId), stopping);
            }
            catch (Exception) when (!stopping.IsCancellationRequested)
            {
                found.ForEach(delivery => underWay.TryRemove(delivery.Id, out _)); // another try when their minute is over
                throw;
            }

            foreach (var delivery in found)
            {
                await due.Writer.WriteAsync((delivery, events[delivery.EventId]), stopping);
            }
        }

        async Task SendAsync()
        {
            while (true)
            {
                await places.WaitAsync(stopping);
                var (delivery, of) = await due.Reader.ReadAsync(stopping);
                if (due.Reader.Count <= ahead / 2)
                {
                    room.Set();
                }

                var attempt = TryOneAsync(delivery, of, stopping);
                await attempt.WaitAsync(SlowAbove, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                places.Release();
                await attempt;
            }
        }
    }

    private async Task TryOneAsync(DueDelivery delivery, StoredEvent of, CancellationToken stopping)
    {
        try
        {
            if (await CurrentAsync(delivery, stopping) is { } current)
            {
                attempts.Writer.TryWrite(await AttemptAsync(current, of, stopping));
            }
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            // A fault of ours: it must not come back at once for ever, nor be the subscriber's.
            recordFailures.Failed(failure);
            attempts.Writer.TryWrite(new(delivery, Delivered: false, RetrySchedule.DelayAfter(delivery.Attempts + 1, null, Random.Shared), null, "The message could not be made.", null, Slow: true));
        }
    }

    /// <summary>A message as it is to be sent now; null: it is not, or nobody knows, and then there is another try when its minute is over.</summary>
    private async Task<DueDelivery?> CurrentAsync(DueDelivery delivery, CancellationToken stopping)
    {
        if (time.GetElapsedTime(delivery.TakenAt) <= Current)
        {
            return delivery;
        }

        DueDelivery? current = null;
        try
        {
            current = await queue.AsOfNowAsync(delivery, stopping);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            failures.Failed(failure);
        }

        if (current is null)
        {
            underWay.TryRemove(delivery.Id, out _);
        }

        return current;
    }

    private async Task<Attempt> AttemptAsync(DueDelivery delivery, StoredEvent of, CancellationToken stopping)
    {
        var begun = time.GetTimestamp();
        var result = delivery.Channel switch
        {
            SubscriptionChannel.Webhook => await messages.SendWebhookAsync(
                delivery.Target, delivery.Id, of.ToWebhooks(delivery.OfOtherProject).With(delivery.Sequence), delivery.Secrets, stopping),
            SubscriptionChannel.Slack => await messages.SendSlackAsync(delivery.Target, SlackMessage.Create(of.Type, of.Data, clock.Now), stopping),
            SubscriptionChannel.Email when of.Type == EventTypes.Confirm => await mail.SendAsync(
                MailMessage.Asking(delivery.Id, delivery.SubscriptionId, delivery.Target, isConfirmed: delivery.State != SubscriptionState.Unconfirmed, brand), stopping),
            SubscriptionChannel.Email => await mail.SendAsync(
                new(delivery.Id, delivery.SubscriptionId, delivery.Target, of.ObjectId, MessageContent.Of(of.Type, of.Data, clock.Now)), stopping),
            _ => throw new InvalidOperationException($"There is no channel {delivery.Channel}."),
        };
        var took = time.GetElapsedTime(begun);
        var delivered = result.Outcome is SendOutcome.Delivered;
        var attempt = new Attempt(
            delivery,
            delivered,
            result.Outcome is SendOutcome.FailedForNow or SendOutcome.Refused ? RetrySchedule.DelayAfter(delivery.Attempts + 1, result.RetryAfter, Random.Shared) : null,
            result.StatusCode,
            result.Error,
            result.Outcome is SendOutcome.Disable ? $"The receiver wants no more messages: it answered {result.StatusCode}." : null,
            Slow: !delivered || took > SlowAbove);
        metrics.Tried(attempt, took);
        return attempt;
    }

    private async Task RecordAsync(CancellationToken stopping)
    {
        var last = 0;
        while (await attempts.Reader.WaitToReadAsync(stopping))
        {
            if (last is > Many and < MostRecorded)
            {
                await Task.Delay(Gathering, time, stopping);
            }

            var batch = Next();
            last = batch.Count;
            try
            {
                await queue.RecordAsync(batch, stopping);
                recordFailures.Succeeded();
                batch.ForEach(attempt => underWay.TryRemove(attempt.Delivery.Id, out _));
                signal.Wake(); // the next of those subscriptions may be due
            }
            catch (Exception failure)
            {
                batch.ForEach(attempt => attempts.Writer.TryWrite(attempt));
                if (stopping.IsCancellationRequested)
                {
                    throw;
                }

                recordFailures.Failed(failure);
                await Task.Delay(Poll, time, stopping);
            }
        }
    }

    /// <summary>What came of attempts and is not yet written, at most as much as is written at once.</summary>
    private List<Attempt> Next()
    {
        var batch = new List<Attempt>();
        while (batch.Count < MostRecorded && attempts.Reader.TryRead(out var attempt))
        {
            batch.Add(attempt);
        }

        return batch;
    }
}
