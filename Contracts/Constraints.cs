namespace Xerotier.Contracts;

/// <summary>How many items a list may have, and what each must be.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemsAttribute : Attribute
{
    /// <summary>Fewest items.</summary>
    public int MinCount { get; init; }

    /// <summary>Most items; 0 means no limit.</summary>
    public int MaxCount { get; init; }

    /// <summary>Fewest characters of an item.</summary>
    public int MinLength { get; init; }

    /// <summary>Most characters of an item; 0 means no limit.</summary>
    public int MaxLength { get; init; }

    /// <summary>The regular expression that an item matches; null: any.</summary>
    public string? Pattern { get; init; }

    /// <summary>The values that an item may have; none: any.</summary>
    public string[] Values { get; init; } = [];

    /// <summary>Whether no item may appear twice.</summary>
    public bool Unique { get; init; }
}

/// <summary>The keys that a dictionary always has; others may follow.</summary>
/// <param name="keys">The keys.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeysAttribute(params string[] keys) : Attribute
{
    /// <summary>The keys.</summary>
    public IReadOnlyList<string> Keys { get; } = keys;
}
