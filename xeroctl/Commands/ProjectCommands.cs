using System.CommandLine;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl projects</c>.</summary>
internal static class ProjectCommands
{
    /// <summary>Where a platform key comes from.</summary>
    public const string Remarks = "Needs a platform key, from --api-key, the context of --context, XEROTIER_PLATFORM_KEY (which overrides XEROTIER_API_KEY here), or the current context. "
        + "With a platform key, the base URL does not need a project.";

    /// <summary>The group.</summary>
    public static Group Group() => new("projects", "Manage the platform's projects (needs a platform key).", List(), Create(), Suspend(), Resume(), Keys());

    /// <summary>The argument that names a project.</summary>
    public static Argument<string> ProjectId() => new("project")
    {
        Description = "ID of the project, such as proj_ABC123",
        CompletionSources = { context => Candidates.Projects(context.ParseResult) },
    };

    private static Group Keys() => new(
        "keys",
        "Manage the API keys of any project (needs a platform key).",
        KeyCommands.List(KeyOwner.AnyProject),
        KeyCommands.Create(KeyOwner.AnyProject, "xeroctl projects keys create proj_ABC123 --name first --scope management"),
        KeyCommands.Revoke(KeyOwner.AnyProject));

    private static Leaf Suspend()
    {
        var id = ProjectId();
        return new Leaf("suspend", "Suspend a project: within a second its keys and streams end, and its windows leave the public page. Prompts on a terminal.", "xeroctl projects suspend proj_ABC123")
        {
            Arguments = { id },
            Remarks = Remarks,
        }.Handle(async (session, parse, cancel) =>
        {
            var call = session.PlatformCall(HttpMethod.Post, $"projects/{Session.Id(parse.GetRequiredValue(id), "project")}/suspend");
            await session.ConfirmAsync(() => Task.FromResult($"Suspend {parse.GetValue(id)}? Everything that uses its keys stops working within a second."));
            return await session.ShowAsync(call, (screen, project) => Write(screen, "Suspended", project), cancel);
        });
    }

    private static Leaf Resume()
    {
        var id = ProjectId();
        return new Leaf("resume", "Resume a suspended project: its keys work again, and its windows come back.", "xeroctl projects resume proj_ABC123")
        {
            Arguments = { id },
            Remarks = Remarks,
        }.Handle((session, parse, cancel) => session.ShowAsync(
            session.PlatformCall(HttpMethod.Post, $"projects/{Session.Id(parse.GetRequiredValue(id), "project")}/resume"), (screen, project) => Write(screen, "Resumed", project), cancel));
    }

    private static Leaf List()
    {
        var listing = new PagedList();
        var leaf = new Leaf("list", "List the platform's projects.", "xeroctl projects list") { Remarks = Remarks };
        listing.AddTo(leaf);
        return leaf.Handle((session, parse, cancel) => listing.ShowAsync(
            session,
            parse,
            query => session.PlatformCall(HttpMethod.Get, $"projects{query}"),
            [],
            new(new("ID"), new("SLUG"), new("NAME", Shrinks: true, Least: 18), new("PLATFORM", Leaves: 2), new("CREATED", Leaves: 1), new("STATE", Leaves: 3)),
            (table, project, now) => table.Add(
                project.Text("id") ?? "",
                project.Text("slug") ?? "",
                project.Text("name") ?? "",
                new(project.IsTrue("platform") ? "yes" : "no", Exact: project.IsTrue("platform") ? "true" : "false"),
                DetailView.Cell(project, "created_at", now),
                project.Text("suspended_at") is null ? new("active", Tone.Good) : new("suspended", Tone.Warning)),
            "No projects found.",
            cancel));
    }

    private static Leaf Create()
    {
        var name = new Option<string?>("--name") { Description = "Name of the project", HelpName = "text", Required = true };
        var slug = new Option<string?>("--slug") { Description = "Short name in API keys and URLs: 1 to 40 of a-z, 0-9 and -", HelpName = "slug", Required = true };
        var platform = new Option<bool>("--platform") { Description = "Mark it as the platform operators' own: its windows count as maintenance in the public history" };
        return new Leaf("create", "Create a project.", "xeroctl projects create --name \"Acme Inference\" --slug acme", "xeroctl keys create --project proj_ABC123 --name first --scope management")
        {
            Options = { name, slug, platform },
            Remarks = Remarks,
        }.Handle((session, parse, cancel) =>
        {
            var body = new JsonBody().Add("name", parse.GetValue(name)).Add("slug", parse.GetValue(slug)).Add("platform", parse.GetValue(platform) ? true : null);
            return session.ShowAsync(session.PlatformCall(HttpMethod.Post, "projects", body.ToBytes()), WriteCreated, cancel);
        });
    }

    private static void WriteCreated(Screen screen, JsonElement project)
    {
        Write(screen, "Created", project);
        if (screen.IsTerminal)
        {
            screen.Line();
            screen.Write(TerminalText.Line($"Create its first key: xeroctl keys create --project {project.Text("id")} --name first --scope management"), Tone.Faint); // never wrapped: a person copies it
            screen.Line();
        }
    }

    private static void Write(Screen screen, string done, JsonElement project)
    {
        if (!screen.IsTerminal)
        {
            foreach (var member in (string[])["id", "slug", "name", "created_at", "suspended_at"])
            {
                screen.Columns(member, project.Text(member) ?? "");
            }

            screen.Columns("platform", project.IsTrue("platform") ? "true" : "false");
            return;
        }

        screen.Line(new Piece($"{done} ", Tone.Good), new Piece(project.Text("id") ?? "", Tone.Strong));
        DetailView.Field(screen, "slug", project.Text("slug") ?? "");
        DetailView.Field(screen, "name", project.Text("name") ?? "");
    }
}
