using Xerotier.Maintenance.V1;

namespace Xerotier.StatusService.Notices;

/// <summary>The first windows of an order: bounded, and aware of where its knowledge ends.</summary>
internal sealed class WindowList
{
    private readonly SortedSet<Window> windows;
    private readonly Dictionary<string, Window> byId;
    private readonly Comparer<Window> order;
    private readonly int capacity;
    private Window? edge; // everything up to here is known; null: everything

    /// <summary>The list of a snapshot.</summary>
    /// <param name="order">Its order; no two windows are equal.</param>
    /// <param name="first">The first windows.</param>
    /// <param name="capacity">The most windows that it holds. As many in <paramref name="first"/> mean that there may be more.</param>
    public WindowList(Comparison<Window> order, IEnumerable<Window> first, int capacity)
    {
        this.order = Comparer<Window>.Create(order);
        this.capacity = capacity;
        windows = new(first, this.order);
        byId = windows.ToDictionary(w => w.Value.Id, StringComparer.Ordinal);
        edge = windows.Count < capacity ? null : windows.Max;
    }

    /// <summary>The windows in order.</summary>
    public IEnumerable<Window> Windows => windows;

    /// <summary>Whether there may be more windows than it holds, and it holds fewer than <paramref name="needed"/>.</summary>
    public bool IsShort(int needed) => edge is not null && windows.Count < needed;

    /// <summary>The window of this id, if it is held.</summary>
    public Window? Find(string id) => byId.GetValueOrDefault(id);

    /// <summary>Puts <paramref name="window"/> in place of an older form of it; null takes it out.</summary>
    public void Replace(string id, Window? window)
    {
        if (byId.Remove(id, out var old))
        {
            windows.Remove(old);
        }

        if (window is null || (edge is not null && order.Compare(window, edge) > 0))
        {
            return;
        }

        windows.Add(window);
        byId.Add(id, window);
        if (windows.Count > capacity)
        {
            var last = windows.Max!;
            windows.Remove(last);
            byId.Remove(last.Value.Id);
            edge = windows.Max;
        }
    }
}
