namespace Xerotier.Gateway.Description;

/// <summary>What a route does, as <c>openapi.json</c> and <c>/docs</c> tell it. Its path, key and limits are the route's.</summary>
/// <param name="Id">Unique name, for generated clients.</param>
/// <param name="Tag">The group that it belongs to, one of <see cref="Tags"/>.</param>
/// <param name="Summary">What it does, in a few words.</param>
/// <param name="Details">What else a caller should know.</param>
internal sealed record Operation(string Id, string Tag, string Summary, string Details)
{
    /// <summary>Parameters in path, query and headers.</summary>
    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>What it takes.</summary>
    public Body? Request { get; init; }

    /// <summary>What it responds with, errors aside.</summary>
    public required IReadOnlyList<DescribedResponse> Responses { get; init; }

    /// <summary>Statuses of errors beyond those of every route of its kind.</summary>
    public IReadOnlyList<int> Errors { get; init; } = [];
}

/// <summary>A response that is not an error.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Description">When it is sent, or what it holds.</param>
/// <param name="Body">The body; null: none.</param>
/// <param name="Headers">Headers beyond those of every response.</param>
internal sealed record DescribedResponse(int Status, string Description, Body? Body = null, params string[] Headers);

/// <summary>A body.</summary>
/// <param name="MediaType">Its media type.</param>
/// <param name="Type">Of JSON: the type that it holds.</param>
/// <param name="Example">JSON: replaces fields of the example that the type's documentation gives.</param>
internal sealed record Body(string MediaType, Type? Type = null, string? Example = null)
{
    /// <summary>A JSON body.</summary>
    public static Body Json<T>(string? example = null) => new("application/json", typeof(T), example);

    /// <summary>A form of a page.</summary>
    public static Body Form { get; } = new("application/x-www-form-urlencoded");

    /// <summary>An HTML page.</summary>
    public static Body Html { get; } = new("text/html");

    /// <summary>A PNG image.</summary>
    public static Body Png { get; } = new("image/png");

    /// <summary>An image of the operator's, in the type of its file.</summary>
    public static Body Image { get; } = new("image/*");

    /// <summary>A feed in Atom.</summary>
    public static Body Atom { get; } = new("application/atom+xml");

    /// <summary>A feed in RSS 2.0.</summary>
    public static Body Rss { get; } = new("application/rss+xml");

    /// <summary>A calendar.</summary>
    public static Body Calendar { get; } = new("text/calendar");

    /// <summary>An SVG image.</summary>
    public static Body Svg { get; } = new("image/svg+xml");

    /// <summary>A script.</summary>
    public static Body Script { get; } = new("text/javascript");

    /// <summary>Markdown.</summary>
    public static Body Markdown { get; } = new("text/markdown");

    /// <summary>Plain text.</summary>
    public static Body Text { get; } = new("text/plain");

    /// <summary>gRPC messages.</summary>
    public static Body Grpc { get; } = new("application/grpc");
}

/// <summary>A parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="In">Where it stands: <c>path</c>, <c>query</c> or <c>header</c>.</param>
/// <param name="Description">What it means.</param>
/// <param name="Example">A value, as JSON.</param>
internal sealed record Parameter(string Name, string In, string Description, string Example)
{
    /// <summary>What a value must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>Most characters.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Smallest and largest number and the default, of a number.</summary>
    public (int Minimum, int Maximum, int Default)? Number { get; init; }

    /// <summary>The possible values of a parameter that may be repeated.</summary>
    public IReadOnlyList<string>? Values { get; init; }
}

/// <summary>The groups of operations.</summary>
internal static class Tags
{
    public const string Status = "Status";
    public const string Feeds = "Feeds and calendar";
    public const string Embedding = "Badges and embedding";
    public const string Statuspage = "Statuspage API";
    public const string Operation = "Operation";
    public const string Health = "Health";
    public const string Maintenance = "Maintenance";
    public const string Incidents = "Incidents";
    public const string Components = "Components";
    public const string Audit = "Audit";
    public const string Subscriptions = "Subscriptions";
    public const string Keys = "Keys";
    public const string Platform = "Platform";
    public const string Heartbeats = "Heartbeats";
    public const string Console = "Console";

    /// <summary>All, in order, with what they hold.</summary>
    public static IReadOnlyList<(string Name, string Description)> All { get; } =
    [
        (Status, "The public status page and its data."),
        (Feeds, "What feed readers and calendars subscribe to."),
        (Embedding, "What other sites show."),
        (Statuspage, "The same status in the shape of the public API of Atlassian Statuspage, which monitors, bots and SDKs speak."),
        (Health, "A project's routers, workers and endpoints."),
        (Maintenance, "A project's maintenance windows, single or in series. The status page shows the windows of all projects."),
        (Incidents, "Incidents on the status page, with their updates. Only the platform's own projects have them."),
        (Components, "The lines of the status page, for the platform's operators."),
        (Audit, "Who changed what in a project, and when. Nothing is ever removed from it."),
        (Subscriptions, "Where a project is told of incidents, maintenance and changes of status, and what came of each message."),
        (Keys, "A project's API keys."),
        (Heartbeats, "Reports of routers and agents. One that is silent for 30 seconds counts as stale."),
        (Platform, "Projects, their keys and the platform's own, for the platform's operators."),
        (Console, "The operators' pages. Where none are set up, they are not there (404)."),
        (Operation, "Probes and this reference."),
    ];
}
