using System.Runtime.InteropServices;

namespace Xerotier.Gateway.Keys;

/// <summary>Counts what is open at the moment, by who opened it. As large as what is open.</summary>
/// <param name="most">The most of one opener; 0: no limit.</param>
internal sealed class OpenCounts<TKey>(int most)
    where TKey : notnull
{
    private readonly Dictionary<TKey, int> open = [];
    private readonly Lock counting = new();

    /// <summary>Counts one more of <paramref name="opener"/>; false: it has as many as it may.</summary>
    public bool TryAdd(TKey opener)
    {
        lock (counting)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(open, opener, out _);
            if (most > 0 && count >= most)
            {
                return false;
            }

            count++;
            return true;
        }
    }

    /// <summary>Takes one of <paramref name="opener"/> off the count.</summary>
    public void Remove(TKey opener)
    {
        lock (counting)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(open, opener);
            if (--count == 0)
            {
                open.Remove(opener);
            }
        }
    }
}
