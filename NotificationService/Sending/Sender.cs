using System.Collections.Concurrent;
using System.Text.Json;
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
    DeliveryQueue queue, MessageSender messages, MailSender mail, Brand brand, NotificationMetrics metrics, DeliverySignal signal, Migrations migrations, TimeProvider time, ILogger<Sender> logger) : BackgroundService
{
    private const int MostRecorded = 200;

    /// <summary>How many messages are under way at once to those who are well, and to the others.</summary>
    private const int LaneOfWell = 128;
    private const int LaneOfSlow = 64;

    /// <summary>And by e-mail: as many as there are connections, and as many that are next.</summary>
    private const int LaneOfMail = 2 * MailSender.Connections;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SlowAbove = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MeasureEvery = TimeSpan.FromSeconds(5);

    private readonly Channel<Attempt> attempts = Channel.CreateUnbounded<Attempt>(new() { SingleReader = true }); // as many as are under way, at most
    private readonly ConcurrentDictionary<string, DueDelivery> underWay = new(StringComparer.Ordinal);
    private readonly FailureLog failures = new(logger, "Messages cannot be taken from the database; it is tried again", "Messages are taken from the database again");
    private readonly FailureLog recordFailures = new(logger, "What came of messages cannot be written; it is tried again", "What came of messages is written again");

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        var measuring = new FailureLog(logger, "The messages that are to be tried cannot be counted", "The messages that are to be tried are counted again");
        await Task.WhenAll(
            LaneAsync(LaneOfWell, Lane.Well, stoppingToken),
            LaneAsync(LaneOfSlow, Lane.Slow, stoppingToken),
            mail.IsConfigured ? LaneAsync(LaneOfMail, Lane.Mail, stoppingToken) : Task.CompletedTask, // else it waits
            RecordAsync(stoppingToken),
            measuring.RepeatAsync(async cancellation => metrics.Backlog = await queue.BacklogAsync(cancellation), MeasureEvery, time, stoppingToken));
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            while (attempts.Reader.TryRead(out var attempt))
            {
                await queue.RecordAsync([attempt], cancellationToken);
                underWay.TryRemove(attempt.Delivery.Id, out _);
            }

            if (!underWay.IsEmpty)
            {
                await queue.GiveBackAsync(underWay.Values, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException || Postgres.ToApiError(failure) is not null)
        {
            recordFailures.Failed(failure); // another replica takes them when their minute is over
        }
    }

    private async Task LaneAsync(int width, Lane lane, CancellationToken stopping)
    {
        var room = width;
        var free = new WakeSignal();
        while (true)
        {
            var taken = 0;
            try
            {
                if (Volatile.Read(ref room) is > 0 and var places)
                {
                    var due = await queue.TakeAsync(places, lane, CancellationToken.None); // what was taken must be known here, or nobody tries it for a minute
                    taken = due.Count;
                    due.ForEach(delivery => underWay[delivery.Id] = delivery);
                    if (taken > 0)
                    {
                        await StartAsync(due);
                    }
                }

                failures.Succeeded();
            }
            catch (Exception failure) when (!stopping.IsCancellationRequested)
            {
                failures.Failed(failure);
                await Task.Delay(Poll, time, stopping);
            }

            if (Volatile.Read(ref room) == 0)
            {
                await free.WaitAsync(Poll, time, stopping);
            }
            else if (taken == 0)
            {
                await (lane != Lane.Well ? Task.Delay(Poll, time, stopping) : signal.WaitAsync(Poll, time, stopping));
            }
        }

        async Task StartAsync(List<DueDelivery> due)
        {
            stopping.ThrowIfCancellationRequested(); // they are given back
            Dictionary<long, (StoredEvent Stored, JsonElement Data)> events;
            try
            {
                events = (await queue.EventsAsync(due.Select(delivery => delivery.EventId), stopping)).ToDictionary(pair => pair.Key, pair => (pair.Value, JsonElementOf(pair.Value.Data)));
            }
            catch (Exception) when (!stopping.IsCancellationRequested)
            {
                due.ForEach(delivery => underWay.TryRemove(delivery.Id, out _)); // another try when their minute is over
                throw;
            }

            foreach (var delivery in due)
            {
                Interlocked.Decrement(ref room);
                var (stored, data) = events[delivery.EventId];
                _ = TryOneAsync(delivery, stored, data);
            }
        }

        async Task TryOneAsync(DueDelivery delivery, StoredEvent stored, JsonElement data)
        {
            await Task.Yield();
            try
            {
                attempts.Writer.TryWrite(await AttemptAsync(delivery, stored, data, stopping));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return; // it is given back
            }
            catch (Exception failure)
            {
                // A fault of ours: it must not come back at once for ever, nor be the subscriber's.
                recordFailures.Failed(failure);
                attempts.Writer.TryWrite(new(delivery, Delivered: false, RetrySchedule.DelayAfter(delivery.Attempts + 1, null, Random.Shared), null, "The message could not be made.", null, Slow: true));
            }

            Interlocked.Increment(ref room);
            free.Set();
        }
    }

    private async Task<Attempt> AttemptAsync(DueDelivery delivery, StoredEvent stored, JsonElement data, CancellationToken stopping)
    {
        var begun = time.GetTimestamp();
        var result = delivery.Channel switch
        {
            SubscriptionChannel.Webhook => await messages.SendWebhookAsync(
                delivery.Target, delivery.Id, WebhookMessage.Create(stored.Type, stored.OccurredAt, data, delivery.Sequence, delivery.OfOtherProject), delivery.Secrets, stopping),
            SubscriptionChannel.Slack => await messages.SendSlackAsync(delivery.Target, SlackMessage.Create(stored.Type, data, time.GetUtcNow()), stopping),
            SubscriptionChannel.Email when stored.Type == EventTypes.Confirm => await mail.SendAsync(
                MailMessage.Asking(delivery.Id, delivery.SubscriptionId, delivery.Target, isConfirmed: delivery.State != SubscriptionState.Unconfirmed, brand), stopping),
            SubscriptionChannel.Email => await mail.SendAsync(
                new(delivery.Id, delivery.SubscriptionId, delivery.Target, stored.ObjectId, MessageContent.Of(stored.Type, data, time.GetUtcNow())), stopping),
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
        while (await attempts.Reader.WaitToReadAsync(stopping))
        {
            var batch = new List<Attempt>();
            while (batch.Count < MostRecorded && attempts.Reader.TryRead(out var attempt))
            {
                batch.Add(attempt);
            }

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

    private static JsonElement JsonElementOf(byte[] data)
    {
        using var document = JsonDocument.Parse(data);
        return document.RootElement.Clone();
    }
}
