using Xerotier.NotificationService.Model;

namespace Xerotier.NotificationService.Following;

/// <summary>What is told of incidents (notifications.md section 20).</summary>
internal static class IncidentNews
{
    /// <summary>The update that a change tells of, with the type of its event; null: nobody is told of the change.</summary>
    /// <param name="action">created, published, posted; others are not told.</param>
    /// <param name="after">The incident after the change, of its updates only the one that changed.</param>
    /// <param name="current">The incident as it is now; null: nobody is to see it.</param>
    /// <param name="at">When it was changed.</param>
    public static (string Type, IncidentUpdate Update)? Of(string action, Incident? after, Incident? current, DateTimeOffset at)
    {
        if (after is not { Draft: false } || current is null)
        {
            return null;
        }

        var opens = action is "created" or "published";
        var update = action switch
        {
            "created" or "posted" => after.Updates[^1],
            "published" => current.Updates.LastOrDefault(update => update.PostedAt <= at),
            _ => null,
        };
        if (update is not { Notify: true } || (at - update.At > ToldWithin.AfterUpdate && !(opens && current.ResolvedAt is null)))
        {
            return null;
        }

        return (opens ? EventTypes.IncidentCreated : update.Status switch
        {
            IncidentStatus.Resolved => EventTypes.IncidentResolved,
            IncidentStatus.Postmortem => EventTypes.IncidentPostmortem,
            _ => EventTypes.IncidentUpdated,
        }, update);
    }

    /// <summary>The incident as it was with an update, where more has happened since, as to somebody who was away; null: it is still so.</summary>
    /// <param name="update">The update.</param>
    /// <param name="after">The incident after the change that brought it.</param>
    /// <param name="current">The incident as it is now, with its updates in the order in which they were posted.</param>
    public static Incident? AsOf(IncidentUpdate update, Incident after, Incident current)
    {
        var count = current.Updates.TakeWhile(other => other.Id != update.Id).Count() + 1;
        return count < current.Updates.Count ? after with { Updates = [.. current.Updates.Take(count)] } : null;
    }
}
