namespace Xerotier.Gateway.Description;

/// <summary>The parameters that operations share.</summary>
internal static class Parameters
{
    public static readonly Parameter ProjectId = new("project_id", "path", "The project's ID.", "\"proj_ABC123\"") { Pattern = "^proj_[A-Za-z0-9]{6,32}$" };

    public static readonly Parameter PlatformProjectId = new("id", "path", "The project's ID.", "\"proj_4f6h8j1k3m5n7p9q2r4s\"");

    public static readonly Parameter WindowId = new("id", "path", "The maintenance window's ID.", "\"mw_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^mw_" };

    public static readonly Parameter SeriesId = new("id", "path", "The series' ID.", "\"mws_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^mws_" };

    public static readonly Parameter IncidentId = new("id", "path", "The incident's ID.", "\"inc_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^inc_" };

    public static readonly Parameter IncidentUpdateId = new("uid", "path", "The update's ID.", "\"upd_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^upd_" };

    public static readonly Parameter ComponentId = new("id", "path", "The component's ID.", "\"cmp_inference_routing\"") { Pattern = "^cmp_" };

    public static readonly Parameter SubscriptionId = new("id", "path", "The subscription's ID.", "\"sub_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^sub_" };

    public static readonly Parameter DeliveryId = new("delivery_id", "path", "The message's ID.", "\"msg_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^msg_" };

    public static readonly Parameter SubscriberId = new("id", "path", "The subscriber's ID.", "\"sub_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^sub_" };

    public static readonly Parameter SubscriberToken = new("token", "path", "The token of a mail's link.", "\"q7Jx0cPp2Vb5nWm8zK1tR4yLd6sHf9aGe3uQ-iO_hXk\"") { Pattern = "^[A-Za-z0-9_-]{43}$" };

    public static readonly Parameter SignInToken = new("token", "path", "The token of Console__SignInToken.", "\"q7Jx0cPp2Vb5nWm8zK1tR4yLd6sHf9aGe3uQ-iO_hXk\"") { Pattern = "^[A-Za-z0-9_-]{43}$" };

    public static readonly Parameter AssetName = new("name", "path", "The file's name.", "\"console.css\"") { Pattern = "^[A-Za-z0-9_.~-]{1,128}$" };

    public static readonly Parameter ConsolePath = new("path", "path", "The page below /console/, with slashes; empty: the first one.", "\"windows\"") { Pattern = "^[A-Za-z0-9/_.:-]{0,512}$" };

    public static readonly Parameter OfComponent = new("component", "query", "Only what concerns the component of this ID.", "\"cmp_inference_routing\"") { Pattern = "^cmp_" };

    public static readonly Parameter Badge = new("id", "path", "The component's ID with .svg or .json.", "\"cmp_inference_routing.svg\"") { Pattern = "^cmp_[a-z0-9_]+\\.(svg|json)$" };

    public static readonly Parameter WindowCalendar = new("id", "path", "The window's ID with .ics.", "\"mw_7k3q0c1v2b3n4m5x6z7a.ics\"") { Pattern = "^mw_[a-z0-9]+\\.ics$" };

    public static readonly Parameter Metric = new("metric", "query", "What it says: status or uptime; status by default.", "\"uptime\"") { Pattern = "^(status|uptime)$" };

    public static readonly Parameter KeyId = new("id", "path", "The API key's ID.", "\"key_0v8w2x4y6z1a3b5c7d9e\"") { Pattern = "^key_" };

    public static readonly Parameter Month = new("month", "query", "The month, as YYYY-MM; the current month by default.", "\"2026-05\"") { Pattern = "^\\d{4}-\\d{2}$" };

    public static readonly Parameter Preview = new("id", "path", "The level's key and .png.", "\"operational.png\"") { Pattern = "^[a-z_]+\\.png$" };

    public static readonly Parameter Limit = new("limit", "query", "Most items of the page.", "20") { Number = (1, 100, 20) };

    public static readonly Parameter After = new("after", "query", "The ID after which the page starts: the last_id of the page before.", "\"mw_7k3q0c1v2b3n4m5x6z7a\"");

    public static readonly Parameter WorkerLimit = new("limit", "query", "Most workers of the page.", "100") { Number = (1, 1000, 100) };

    public static readonly Parameter WorkerAfter = new("after", "query", "The worker ID after which the page starts: the workers.last_id of the page before.", "\"wkr-1\"");

    public static readonly Parameter WorkerSearch = new("q", "query", "Only workers whose ID or name contains this, in any case of letters; counts stay whole, and workers.matched says how many there are.", "\"gpu\"")
    {
        MaxLength = 128,
    };

    public static readonly Parameter WindowStatus = new("status", "query", "Only windows in this state; may be repeated.", "[\"scheduled\", \"active\"]")
    {
        Values = ["scheduled", "active", "completed", "cancelled"],
    };

    public static readonly Parameter SeriesOfWindows = new("series_id", "query", "Only windows of this series.", "\"mws_7k3q0c1v2b3n4m5x6z7a\"") { Pattern = "^mws_" };

    public static readonly Parameter IncidentStatus = new("status", "query", "Only incidents in this state; may be repeated.", "[\"investigating\", \"identified\", \"monitoring\"]")
    {
        Values = ["investigating", "identified", "monitoring", "resolved", "postmortem"],
    };

    public static readonly Parameter EventObject = new("object", "query", "Only events of objects of this kind; may be repeated.", "[\"maintenance_window\", \"incident\"]")
    {
        Values = ["maintenance_window", "maintenance_series", "incident", "component"],
    };

    public static readonly Parameter Draft = new("draft", "query", "true: drafts alone; false: published incidents alone; both by default.", "\"false\"") { Pattern = "^(true|false)$" };

    public static readonly Parameter Archived = new("archived", "query", "true: archived components too.", "\"true\"") { Pattern = "^(true|false)$" };

    public static readonly Parameter IdempotencyKey = new(
        "Idempotency-Key", "header", "Makes the request safe to repeat: the same key and body within 24 hours get the first response again.", "\"2f7c1c52-upgrade\"")
    { MaxLength = 255 };

    public static readonly Parameter IfMatch = new("If-Match", "header", "The object's ETag: 412 if the object has changed since.", "\"\\\"3\\\"\"");

    public static readonly Parameter IfNoneMatch = new("If-None-Match", "header", "The ETag of the document that the client has: 304 if it is still current.", "\"\\\"5f0c1d9b7a3e4c2d\\\"\"");
}
