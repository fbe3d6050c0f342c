using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <summary>The operations of feeds and calendars.</summary>
internal static partial class Operations
{
    private const string ForEveryReader = "Needs no key and may be read by pages of every origin. What has not changed is the same bytes, so that a 304 is the rule.";

    public static readonly Operation HistoryAtom = Feed(
        "historyAtom", "Get the history as Atom", "The 50 newest incidents and maintenance windows, each with everything that was said of it; an entry changes as its incident goes on.", Body.Atom, Parameters.OfComponent);

    public static readonly Operation HistoryRss = Feed("historyRss", "Get the history as RSS", "The same as in Atom, in RSS 2.0.", Body.Rss);

    public static readonly Operation UpdatesAtom = Feed("updatesAtom", "Get the updates as Atom", "The 50 newest updates of incidents and steps of maintenance, an entry each.", Body.Atom);

    public static readonly Operation UpdatesJson = Feed("updatesJson", "Get the updates as JSON Feed", "The same as in Atom, in JSON Feed 1.1.", new("application/feed+json", typeof(JsonFeed)));

    public static readonly Operation Calendar = Feed(
        "maintenanceCalendar", "Get the maintenance as a calendar", "The maintenance windows of 90 days back and ahead, at most 500, to subscribe to in a calendar. A cancelled window stays as such.", Body.Calendar, Parameters.OfComponent);

    public static readonly Operation WindowCalendar = Feed("windowCalendar", "Get a window as a calendar", "One maintenance window.", Body.Calendar) with
    {
        Parameters = [Parameters.WindowCalendar],
        Responses = [new(200, "The document.", Body.Calendar), new(304, Unmodified)],
        Errors = [404, 503, 504],
    };

    public static readonly Operation Badge = Badges("badge", "Get the badge of the overall status", "A small image that says the overall status. Grey where nothing is known or live data is unavailable, never green.", Body.Svg);

    public static readonly Operation BadgeData = Badges("badgeData", "Get the overall status for shields.io", "The same in the shape of shields.io's endpoint badge.", Body.Json<StatusBadge>());

    public static readonly Operation ComponentBadge = Badges("componentBadge", "Get the badge of a component", "Its status or its uptime, as an image or in the shape of shields.io's endpoint badge.", Body.Svg) with
    {
        Parameters = [Parameters.Badge, Parameters.Metric, Parameters.IfNoneMatch],
        Errors = [400, 404],
    };

    public static readonly Operation Embed = Feed("embed", "Get the status for a frame", "The answer, open incidents and active maintenance, for a frame on the sites that Page:EmbedOrigins names.", Body.Html) with { Tag = Tags.Embedding };

    public static readonly Operation EmbedScript = new(
        "embedScript", Tags.Embedding, "Get the custom element", "A module that defines the element xerotier-status, which shows the status on any site. It needs no inline style and no eval; the site's policy must allow this origin in script-src and connect-src.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The script.", Body.Script, EdgeHeaders), new(304, Unmodified)],
    };

    public static readonly Operation StatusMarkdown = Feed("statusMarkdown", "Get the status as Markdown", "The whole page, for agents.", Body.Markdown) with { Tag = Tags.Status };

    public static readonly Operation StatusText = Feed("statusText", "Get the status as plain text", "The whole page in 80 columns, for a terminal.", Body.Text) with { Tag = Tags.Status };

    public static readonly Operation ForAgents = Feed("forAgents", "Get what there is to read", "What is where, for agents, after llmstxt.org.", Body.Text) with { Tag = Tags.Status };

    private static Operation Badges(string id, string summary, string details, Body body) => Feed(id, summary, details, body) with { Tag = Tags.Embedding };

    private static Operation Feed(string id, string summary, string details, Body body, Parameter? parameter = null) => new(id, Tags.Feeds, summary, $"{details} {ForEveryReader}")
    {
        Parameters = parameter is null ? [Parameters.IfNoneMatch] : [parameter, Parameters.IfNoneMatch],
        Responses = [new(200, "The document.", body, EdgeHeaders), new(304, Unmodified)],
        Errors = parameter is null ? [] : [404],
    };
}
