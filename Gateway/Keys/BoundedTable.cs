using System.Collections.Concurrent;

namespace Xerotier.Gateway.Keys;

/// <summary>A table that removes its oldest entries when it is full, except those that must stay. Each addition examines a few entries, however many must stay.</summary>
/// <param name="size">The most entries, those that must stay aside.</param>
/// <param name="mayGo">Whether an entry may be removed.</param>
/// <param name="removed">Told of an entry that was removed to make room.</param>
internal sealed class BoundedTable<TKey, TValue>(int size, Func<TValue, bool> mayGo, Action<TValue> removed)
    where TKey : notnull
    where TValue : class
{
    /// <summary>Entries that an addition examines at most. More than one, so that the table shrinks again once entries may go.</summary>
    public const int Examined = 8;

    private readonly ConcurrentDictionary<TKey, TValue> entries = new();
    private readonly ConcurrentQueue<KeyValuePair<TKey, TValue>> order = new(); // also of entries that their owner has removed

    /// <summary>How many entries there are.</summary>
    public int Count => entries.Count;

    /// <summary>How many entries the order of age holds, those that their owner has removed among them.</summary>
    internal int Ordered => order.Count;

    /// <summary>The entries.</summary>
    public IEnumerable<TValue> Values => entries.Select(entry => entry.Value);

    /// <summary>The entries' keys.</summary>
    public IEnumerable<TKey> Keys => entries.Select(entry => entry.Key);

    /// <summary>The entry of <paramref name="key"/>.</summary>
    public bool TryGet(TKey key, out TValue value) => entries.TryGetValue(key, out value!);

    /// <summary>The entry of <paramref name="key"/>, which is <paramref name="value"/> if there was none.</summary>
    public TValue GetOrAdd(TKey key, TValue value)
    {
        var entry = entries.GetOrAdd(key, value);
        if (ReferenceEquals(entry, value))
        {
            order.Enqueue(new(key, value));
            MakeRoom();
        }

        return entry;
    }

    /// <summary>Removes the entry of <paramref name="key"/>.</summary>
    public bool Remove(TKey key, out TValue value) => entries.TryRemove(key, out value!);

    private void MakeRoom()
    {
        for (var i = 0; i < Examined && (entries.Count > size || order.Count > 2 * size) && order.TryDequeue(out var oldest); i++)
        {
            if (!entries.TryGetValue(oldest.Key, out var value) || !ReferenceEquals(value, oldest.Value))
            {
                continue; // removed by its owner
            }

            if (entries.Count > size && mayGo(value) && entries.TryRemove(oldest))
            {
                removed(value);
            }
            else
            {
                order.Enqueue(oldest);
            }
        }
    }
}
