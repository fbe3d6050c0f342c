using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl keys</c>, and the same commands for the keys of other owners.</summary>
internal static class KeyCommands
{
    private const string CreatedBy = "Purpose of the key; appears as created_by of what the key creates";

    /// <summary>The group.</summary>
    public static Group Group() => new("keys", "Manage the project's API keys.", List(KeyOwner.Project), Create(), Rotate(KeyOwner.Project), Revoke(KeyOwner.Project), Events(KeyOwner.Project));

    /// <summary>Lists the keys of <paramref name="owner"/>.</summary>
    public static Leaf List(KeyOwner owner)
    {
        var listing = new PagedList();
        var leaf = owner.Leaf("list", $"List {owner.Whose} API keys. It never shows their values.");
        listing.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => listing.ShowAsync(
            session,
            parse,
            query => owner.Call(session, parse, HttpMethod.Get, query),
            [],
            new(new("ID"), new("NAME", Shrinks: true, Least: 12), new("STATE"), new("SCOPES", Shrinks: true, Least: 21), new("CREATED", Leaves: 1), new("LAST USED", Leaves: 2), new("EXPIRES", Leaves: 3), new("NETWORKS", Shrinks: true, OnlyWide: true), new("CREATED BY", Shrinks: true, OnlyWide: true)),
            AddTo,
            "No API keys found.",
            cancel));
    }

    /// <summary>Creates a key of <paramref name="owner"/>.</summary>
    public static Leaf Create(KeyOwner owner, params string[] examples)
    {
        var (name, scopes, expires, ips) = (Name(), owner.HasScopes ? Scopes() : null, Expires(), AllowedIps());
        var leaf = owner.Leaf("create", "Create an API key and show its value once.", examples);
        leaf.Add(name);
        if (scopes is not null)
        {
            leaf.Add(scopes);
        }

        leaf.Add(expires);
        leaf.Add(ips);
        return leaf.Handle((session, parse, cancel) => session.ShowAsync(
            owner.Call(session, parse, HttpMethod.Post, "", Body(session, parse, name, scopes, expires, ips)), (screen, key) => WriteSecret(screen, "Created", key), cancel));
    }

    /// <summary>Rotates a key of <paramref name="owner"/>.</summary>
    public static Leaf Rotate(KeyOwner owner)
    {
        var id = owner.KeyId();
        var leaf = owner.Leaf("rotate", "Give a key a new value and show it once. The old value stays valid for 24 hours.", $"{owner.Command} rotate key_abc123");
        leaf.Add(id);
        return leaf.Handle((session, parse, cancel) =>
            session.ShowAsync(owner.Call(session, parse, HttpMethod.Post, $"/{Id(parse, id)}/rotate"), (screen, key) => WriteSecret(screen, "Rotated", key), cancel));
    }

    /// <summary>Revokes a key of <paramref name="owner"/>.</summary>
    public static Leaf Revoke(KeyOwner owner)
    {
        var id = owner.KeyId();
        var leaf = owner.Leaf("revoke", "Revoke a key at once and permanently. Prompts on a terminal.", $"{owner.Command} revoke {owner.ExampleArgument}key_abc123");
        leaf.Add(id);
        return leaf.Handle(async (session, parse, cancel) =>
        {
            var call = owner.Call(session, parse, HttpMethod.Delete, $"/{Id(parse, id)}");
            await session.ConfirmAsync(() => Task.FromResult($"Revoke {parse.GetValue(id)}? Anything that uses it stops working within a second."));
            return await session.ShowAsync(
                call,
                (screen, key) =>
                {
                    if (screen.IsTerminal)
                    {
                        screen.Line(new Piece("Revoked ", Tone.Good), new Piece(parse.GetRequiredValue(id), Tone.Strong));
                    }
                    else
                    {
                        screen.Columns("id", parse.GetRequiredValue(id));
                        screen.Columns("revoked_at", key.Text("revoked_at") ?? "");
                    }
                },
                cancel);
        });
    }

    /// <summary>Lists who did what to the keys of <paramref name="owner"/>.</summary>
    public static Leaf Events(KeyOwner owner)
    {
        var listing = new PagedList();
        var leaf = owner.Leaf("events", $"List the changes of {owner.Whose} API keys: who created, rotated or revoked one, and when.");
        listing.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => listing.ShowAsync(
            session,
            parse,
            query => owner.Call(session, parse, HttpMethod.Get, $"/events{query}"),
            [],
            new(new("WHEN"), new("KEY"), new("NAME", Shrinks: true, Least: 12), new("ACTION"), new("ACTOR", Shrinks: true)),
            (table, change, now) => table.Add(DetailView.Cell(change, "occurred_at", now), change.Text("key_id") ?? "", change.Text("name") ?? "", change.Text("action") ?? "", change.Text("actor") ?? ""),
            "No events found.",
            cancel));
    }

    private static Leaf Create()
    {
        var (name, scopes, expires, ips) = (Name(), Scopes(), Expires(), AllowedIps());
        var project = new Option<string?>("--project") { Description = "Create the first key of this project; needs a platform key", HelpName = "project id", CompletionSources = { context => Candidates.Projects(context.ParseResult) } };
        return new Leaf(
            "create",
            "Create an API key and show its value once.",
            "xeroctl keys create --name ci --scope management --expires-at +90d",
            "xeroctl keys create --name gpu-agents --scope heartbeat --allowed-ip 203.0.113.0/24 --allowed-ip 2001:db8::/48",
            "xeroctl keys create --project proj_ABC123 --name first --scope management")
        {
            name, scopes, expires, ips, project,
        }.Handle((session, parse, cancel) =>
        {
            var body = Body(session, parse, name, scopes, expires, ips);
            var call = parse.GetValue(project) is { } id
                ? session.PlatformCall(HttpMethod.Post, $"projects/{Session.Id(id, "project")}/keys", body)
                : KeyOwner.Project.Call(session, parse, HttpMethod.Post, "", body);
            return session.ShowAsync(call, (screen, key) => WriteSecret(screen, "Created", key), cancel);
        });
    }

    private static Option<string?> Name() => new("--name") { Description = CreatedBy, HelpName = "text", Required = true };

    private static Option<string[]> Scopes() => OptionRules.OneOf(
        new Option<string[]>("--scope") { Description = "What the key can do: management, inference or heartbeat", HelpName = "scope", Required = true },
        "management",
        "inference",
        "heartbeat");

    private static Option<string?> Expires() => new("--expires-at") { Description = $"Expiry time. {Times.Syntax}", HelpName = "time" };

    private static Option<string[]> AllowedIps() => new("--allowed-ip") { Description = "Network that can use the key, such as 203.0.113.0/24", HelpName = "cidr" };

    private static byte[] Body(Session session, ParseResult parse, Option<string?> name, Option<string[]>? scopes, Option<string?> expires, Option<string[]> ips) => new JsonBody()
        .Add("name", parse.GetValue(name))
        .Add("scopes", scopes is null ? null : parse.GetValue(scopes))
        .Add("expires_at", session.Time(expires))
        .Add("allowed_ips", parse.GetResult(ips) is null ? null : parse.GetValue(ips))
        .ToBytes();

    private static string Id(ParseResult parse, Argument<string> id) => Session.Id(parse.GetRequiredValue(id), "key");

    private static void AddTo(Table table, JsonElement key, DateTimeOffset now)
    {
        var state = key.Text("revoked_at") is not null ? "revoked" : key.Time("expires_at") <= now ? "expired" : "valid";
        table.Add(
            key.Text("id") ?? "",
            key.Text("name") ?? "",
            new(state, state == "valid" ? Tone.Good : Tone.Faint),
            key.Texts("scopes"),
            DetailView.Cell(key, "created_at", now),
            DetailView.Cell(key, "last_used_at", now),
            DetailView.Cell(key, "expires_at", now),
            key.Texts("allowed_ips"),
            key.Text("created_by") ?? "");
    }

    private static void WriteSecret(Screen screen, string done, JsonElement key)
    {
        if (!screen.IsTerminal)
        {
            screen.Columns("id", key.Text("id") ?? "");
            screen.Columns("name", key.Text("name") ?? "");
            screen.Columns("scopes", key.Texts("scopes"));
            screen.Columns("expires_at", key.Text("expires_at") ?? "");
            screen.Columns("key", key.Text("key") ?? "");
            return;
        }

        screen.Line(new Piece($"{done} ", Tone.Good), new Piece(key.Text("id") ?? "", Tone.Strong));
        DetailView.Field(screen, "name", key.Text("name") ?? "");
        DetailView.Field(screen, "scopes", key.Texts("scopes"));
        DetailView.TimeField(screen, "expires", key, "expires_at");
        DetailView.Secret(screen, key.Text("key") ?? "");
    }
}
