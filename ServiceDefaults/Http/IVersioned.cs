namespace Xerotier.ServiceDefaults.Http;

/// <summary>An object of the API as it is stored.</summary>
public interface IVersioned
{
    /// <summary>The object's id.</summary>
    string Id { get; }

    /// <summary>1 when created, one more with every change; the number of the change's audit row, and the entity tag.</summary>
    long Version { get; }

    /// <summary>The strong entity tag of a version, with its quotes.</summary>
    static string ETagOf(long version) => $"\"{version}\"";
}
