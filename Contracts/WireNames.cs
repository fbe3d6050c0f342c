namespace Xerotier.Contracts;

/// <summary>The words of the API for states, severities and channels, which are those of the database and the page, too.</summary>
public static class WireNames
{
    private static readonly string[] Statuses = [.. Enum.GetNames<WindowStatus>().Select(n => n.ToLowerInvariant())];
    private static readonly string[] Severities = [.. Enum.GetNames<WindowSeverity>().Select(n => n.ToLowerInvariant())];

    /// <summary>The word for <paramref name="status"/>.</summary>
    public static string Wire(this WindowStatus status) => Statuses[(int)status];

    /// <summary>The word for <paramref name="severity"/>.</summary>
    public static string Wire(this WindowSeverity severity) => Severities[(int)severity];

    /// <summary>The state of this name; null: none.</summary>
    public static WindowStatus? Status(string name) => Array.IndexOf(Statuses, name) is >= 0 and var i ? (WindowStatus)i : null;

    /// <summary>The severity of this name; null: none.</summary>
    public static WindowSeverity? Severity(string name) => Array.IndexOf(Severities, name) is >= 0 and var i ? (WindowSeverity)i : null;

    /// <summary>The word for <paramref name="status"/>.</summary>
    public static string Wire(this IncidentStatus status) => Words<IncidentStatus>.All[(int)status];

    /// <summary>The incident's state of this name; null: none.</summary>
    public static IncidentStatus? IncidentStatus(string name) => Words<IncidentStatus>.Parse(name);

    /// <summary>The impact of this name; null: none.</summary>
    public static IncidentImpact? Impact(string name) => Words<IncidentImpact>.Parse(name);

    /// <summary>The declared state of this name; null: none.</summary>
    public static DeclaredStatus? Declared(string name) => Words<DeclaredStatus>.Parse(name);

    /// <summary>The word for <paramref name="channel"/>.</summary>
    public static string Wire(this SubscriptionChannel channel) => Words<SubscriptionChannel>.All[(int)channel];

    /// <summary>The word for <paramref name="state"/>.</summary>
    public static string Wire(this SubscriptionState state) => Words<SubscriptionState>.All[(int)state];

    /// <summary>The channel of this name; null: none.</summary>
    public static SubscriptionChannel? ChannelOf(string name) => Words<SubscriptionChannel>.Parse(name);

    /// <summary>The subscription's state of this name; null: none.</summary>
    public static SubscriptionState? SubscriptionStateOf(string name) => Words<SubscriptionState>.Parse(name);

    /// <summary>The delivery's state of this name; null: none.</summary>
    public static DeliveryState? DeliveryStateOf(string name) => Words<DeliveryState>.Parse(name);

    private static class Words<TEnum>
        where TEnum : struct, Enum
    {
        public static readonly string[] All = [.. Enum.GetNames<TEnum>().Select(name => name.ToLowerInvariant())];

        public static TEnum? Parse(string name) => Array.IndexOf(All, name) is >= 0 and var i ? Enum.GetValues<TEnum>()[i] : null;
    }
}
