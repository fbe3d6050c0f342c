using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl;

/// <summary><c>xeroctl projects</c>.</summary>
internal static class ProjectCommands
{
    private const string Remarks = "Needs a platform key: --api-key, the context that --context names, XEROTIER_PLATFORM_KEY, which here comes before XEROTIER_API_KEY, or the current context. "
        + "The base URL of a context with a platform key need not name a project.";

    /// <summary>The group.</summary>
    public static Group Group() => new("projects", "Projects of the platform (with a platform key)", List(), Create());

    private static Leaf List()
    {
        var listing = new Listing();
        var leaf = new Leaf("list", "Lists the platform's projects.", "xeroctl projects list") { Remarks = Remarks };
        listing.AddTo(leaf);
        return leaf.Does((session, parse, cancel) => listing.ShowAsync(
            session,
            parse,
            query => session.PlatformCall(HttpMethod.Get, $"projects{query}"),
            [],
            new(new("ID"), new("SLUG"), new("NAME", Shrinks: true, Least: 18), new("PLATFORM", Leaves: 2), new("CREATED", Leaves: 1)),
            (table, project, now) => table.Add(
                project.Text("id") ?? "",
                project.Text("slug") ?? "",
                project.Text("name") ?? "",
                new(project.IsTrue("platform") ? "yes" : "no", Exact: project.IsTrue("platform") ? "true" : "false"),
                WindowView.Cell(project, "created_at", now)),
            "There are no projects.",
            cancel));
    }

    private static Leaf Create()
    {
        var name = new Option<string?>("--name") { Description = "Its name", HelpName = "text", Required = true };
        var slug = new Option<string?>("--slug") { Description = "Its short name in API keys and URLs: 1 to 40 of a-z, 0-9 and -", HelpName = "slug", Required = true };
        var platform = new Option<bool>("--platform") { Description = "It is the platform operators' own: its windows count as maintenance in the public history" };
        return new Leaf("create", "Creates a project.", "xeroctl projects create --name \"Acme Inference\" --slug acme", "xeroctl keys create --project proj_ABC123 --name first --scope management")
        {
            Options = { name, slug, platform },
            Remarks = Remarks,
        }.Does((session, parse, cancel) =>
        {
            var body = new JsonBody().Add("name", parse.GetValue(name)).Add("slug", parse.GetValue(slug)).Add("platform", parse.GetValue(platform) ? true : null);
            return session.ShowAsync(session.PlatformCall(HttpMethod.Post, "projects", body.ToBytes()), Write, cancel);
        });
    }

    private static void Write(Screen screen, JsonElement project)
    {
        if (!screen.IsTerminal)
        {
            foreach (var member in (string[])["id", "slug", "name", "created_at"])
            {
                screen.Columns(member, project.Text(member) ?? "");
            }

            screen.Columns("platform", project.IsTrue("platform") ? "true" : "false");
            return;
        }

        screen.Line(new Piece("Created ", Tone.Good), new Piece(project.Text("id") ?? "", Tone.Strong));
        WindowView.Field(screen, "slug", project.Text("slug") ?? "");
        WindowView.Field(screen, "name", project.Text("name") ?? "");
        screen.Line();
        screen.Write(Printable.Line($"Its first key: xeroctl keys create --project {project.Text("id")} --name first --scope management"), Tone.Faint); // whole: it is there to be copied
        screen.Line();
    }
}
