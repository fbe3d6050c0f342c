using Xerotier.Maintenance.V1;

namespace Xerotier.StatusService.Notices;

/// <summary>
/// The newest windows, of which a project that is not the platform's has only so many: one project must not own the page. Bounded, and
/// aware of where its knowledge ends, as a whole and of each project.
/// </summary>
/// <param name="order">The newest first; no two windows are equal.</param>
/// <param name="newest">The newest windows, at most <see cref="HeldOfProject"/> of such a project.</param>
/// <param name="capacity">The most windows that it holds. As many in <paramref name="newest"/> mean that there may be more.</param>
internal sealed class NewestWindows(Comparison<Window> order, IReadOnlyList<Window> newest, int capacity)
{
    /// <summary>The most windows of such a project that are shown.</summary>
    public const int ShownOfProject = 10;

    /// <summary>The most windows of such a project that a snapshot has.</summary>
    public const int HeldOfProject = 20;

    private readonly Comparer<Window> order = Comparer<Window>.Create(order);
    private readonly Dictionary<string, WindowList> projects = newest.GroupBy(ProjectOf).ToDictionary(
        project => project.Key, project => new WindowList(order, project, CapacityOf(project.First(), capacity)), StringComparer.Ordinal);

    private Window? edge = newest.Count < capacity ? null : newest.Max(Comparer<Window>.Create(order)); // everything up to here is known; null: everything

    /// <summary>The windows that are held, in no order.</summary>
    public IEnumerable<Window> Windows => projects.Values.SelectMany(p => p.Windows);

    /// <summary>The first <paramref name="count"/> windows to show.</summary>
    public IReadOnlyList<Window> First(int count) =>
        [.. projects.Values.SelectMany(p => p.Windows.Take(p.Windows.FirstOrDefault() is { Platform: true } ? count : ShownOfProject)).Order(order).Take(count)];

    /// <summary>Whether there may be windows that belong among the first <paramref name="needed"/> and are not held.</summary>
    public bool IsShort(int needed) => projects.Values.Any(p => p.IsShort(ShownOfProject)) || (edge is not null && First(needed).Count < needed);

    /// <summary>The window of this id, if it is held.</summary>
    public Window? Find(string id) => projects.Values.Select(p => p.Find(id)).FirstOrDefault(w => w is not null);

    /// <summary>Puts <paramref name="window"/> in place of an older form of it; null takes it out.</summary>
    /// <param name="id">The window's id.</param>
    /// <param name="of">Any form of the window: its project never changes.</param>
    /// <param name="window">Its newest form.</param>
    public void Replace(string id, Window of, Window? window)
    {
        if (!projects.TryGetValue(ProjectOf(of), out var project))
        {
            projects.Add(ProjectOf(of), project = new(order.Compare, [], CapacityOf(of, capacity)));
        }

        project.Replace(id, window is null || (edge is not null && order.Compare(window, edge) > 0) ? null : window);
        if (!project.Windows.Any() && !project.IsShort(1))
        {
            projects.Remove(ProjectOf(of));
        }

        var held = Windows.Order(order).ToList();
        if (held.Count > capacity)
        {
            projects[ProjectOf(held[^1])].Replace(held[^1].Value.Id, null);
            edge = held[^2];
        }
    }

    private static string ProjectOf(Window window) => window.Value.ProjectId;

    private static int CapacityOf(Window window, int capacity) => window.Platform ? capacity : HeldOfProject;
}
