using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Projects;
using Xerotier.Gateway.Storage;

namespace Xerotier.Gateway.Tests.KeySimulation;

/// <summary>The keys' database in memory: what the SQL does, as plainly as possible. Every method is one transaction.</summary>
internal sealed class KeyDatabase(TimeProvider time)
{
    private Dictionary<string, Key> keys = [];
    private Dictionary<string, Project> projects = [];
    private long number;
    private int restores;
    private int made;
    private (Dictionary<string, Key> Keys, Dictionary<string, Project> Projects, long Number) backup = ([], [], 0);

    /// <summary>Told of every commit.</summary>
    public event Action? Committed;

    /// <summary>Every value that there ever was, by its hash, and when what it may do changed last.</summary>
    public Dictionary<string, (byte[] Hash, DateTimeOffset ChangedAt)> Values { get; } = [];

    public IEnumerable<string> KeyIds => keys.Keys;

    public IEnumerable<string> ProjectIds => projects.Keys;

    public IEnumerable<string> Suspended => projects.Where(project => project.Value.SuspendedAt is not null).Select(project => project.Key).Order(StringComparer.Ordinal);

    private ChangeMark Mark => new($"database {restores}", number);

    public void CreateProject() => Commit(() => projects[$"proj_{projects.Count}"] = new(null, Next()));

    public void CreateKey(string project) => Commit(() =>
    {
        var id = $"key_{made++}";
        keys[id] = new(project, null, [(NewValue(), null)], Next());
    });

    public void Rotate(string id, TimeSpan grace) => Change(id, key => key with
    {
        Values = [.. key.Values.Select(value => (value.Hash, Min(value.ExpiresAt, time.GetUtcNow() + grace))), (NewValue(), null)],
    });

    public void Revoke(string id) => Change(id, key => key with { RevokedAt = key.RevokedAt ?? time.GetUtcNow() });

    public void SetSuspended(string id, bool suspended) => Commit(() =>
    {
        if (projects[id].SuspendedAt is null == suspended)
        {
            projects[id] = new(suspended ? time.GetUtcNow() : null, Next());
            Touch(keys.Values.Where(key => key.ProjectId == id).SelectMany(key => key.Values).Select(value => value.Hash));
        }
    });

    public void BackUp() => backup = (new(keys), new(projects), number);

    public void Restore() => Commit(() =>
    {
        (keys, projects, number) = (new(backup.Keys), new(backup.Projects), backup.Number);
        restores++;
        Touch([.. Values.Values.Select(value => value.Hash)]);
    });

    public ApiKey? Find(byte[] hash) => All().SingleOrDefault(key => key.Hash.AsSpan().SequenceEqual(hash));

    public KeyChanges ChangesSince(ChangeMark? mark) => new(
        Mark,
        projects.Values.Select(project => project.Change).DefaultIfEmpty().Max(),
        [.. All().Where(key => key.Version > (mark?.Number ?? long.MaxValue))]);

    public SuspendedProjects.State ReadSuspended() => new(
        Mark with { Number = projects.Values.Select(project => project.Change).DefaultIfEmpty().Max() },
        [.. Suspended.Select(id => (id, projects[id].SuspendedAt!.Value))],
        OldestOfPlatform: null);

    private IEnumerable<ApiKey> All() =>
        from key in keys
        let project = projects[key.Value.ProjectId]
        from value in key.Value.Values
        select new ApiKey(
            value.Hash, key.Key, key.Value.ProjectId, false, key.Key, [], null, value.ExpiresAt, key.Value.RevokedAt, [],
            project.SuspendedAt is not null, Math.Max(key.Value.Change, project.Change));

    private byte[] NewValue()
    {
        var hash = System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(Values.Count));
        Touch([hash]);
        return hash;
    }

    private void Change(string id, Func<Key, Key> change) => Commit(() =>
    {
        keys[id] = change(keys[id]) with { Change = Next() };
        Touch(keys[id].Values.Select(value => value.Hash));
    });

    private void Touch(IEnumerable<byte[]> hashes)
    {
        foreach (var hash in hashes.ToList())
        {
            Values[Convert.ToHexString(hash)] = (hash, time.GetUtcNow());
        }
    }

    private void Commit(Action change)
    {
        change();
        Committed?.Invoke();
    }

    private long Next() => ++number;

    private static DateTimeOffset Min(DateTimeOffset? one, DateTimeOffset other) => one < other ? one.Value : other;

    private sealed record Key(string ProjectId, DateTimeOffset? RevokedAt, List<(byte[] Hash, DateTimeOffset? ExpiresAt)> Values, long Change);

    private sealed record Project(DateTimeOffset? SuspendedAt, long Change);
}
