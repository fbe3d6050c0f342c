namespace Xerotier.OperatorConsole.Shared;

/// <summary>What a page says of the change that led to it, by its word in the address: no text of others can be put into a page by a link.</summary>
internal static class Done
{
    private static readonly Dictionary<string, string> Sentences = new(StringComparer.Ordinal)
    {
        ["scheduled"] = "The window is scheduled.",
        ["saved"] = "Saved.",
        ["started"] = "The work has begun.",
        ["completed"] = "The work is completed.",
        ["cancelled"] = "It is cancelled.",
        ["purged"] = "It is removed for good; its audit trail stays.",
        ["created"] = "It is made.",
        ["project"] = "The project is made. It needs a key: create one here.",
        ["posted"] = "The update is posted.",
        ["added"] = "The update is added to the draft.",
        ["published"] = "The incident is public.",
        ["drafted"] = "The draft is saved; only your project sees it.",
        ["resolved"] = "The incident is resolved.",
        ["deleted"] = "It is deleted.",
        ["revoked"] = "The key is revoked: it ends everywhere within a second.",
        ["tested"] = "A test message is on its way.",
        ["retried"] = "The message is sent again.",
        ["suspended"] = "The project is suspended.",
        ["resumed"] = "The project is resumed.",
        ["archived"] = "The component is archived.",
        ["zone"] = "Times are shown in your zone.",
        ["still_measured"] = "Measurements still show an outage: the page says so until they do not.",
        ["overlaps"] = "It overlaps other maintenance of the same services.",
        ["set"] = "Done. It takes a moment until the public page shows it.",
    };

    /// <summary>The sentence; null: the word is none of ours.</summary>
    public static string? Sentence(string? word) => word is null ? null : Sentences.GetValueOrDefault(word);
}
