namespace Xerotier.Xeroctl.Commands;

/// <summary>Components on the command line: by name in any case, by id, or by a unique prefix of the id.</summary>
internal static class ComponentNames
{
    /// <summary>The built-in components, whose names and ids never change (incidents.md section 10).</summary>
    public static readonly (string Id, string Name)[] BuiltIn =
    [
        ("cmp_dashboard", "Dashboard"),
        ("cmp_inference_routing", "Inference Routing"),
        ("cmp_shared_agents", "Shared Agents"),
        ("cmp_model_storage", "Model Storage"),
    ];

    /// <summary>Finds the id of a component. A dry run, which sends nothing, takes what it cannot know as it is.</summary>
    /// <param name="session">The invocation.</param>
    /// <param name="text">What the person typed.</param>
    /// <param name="platform">Whether the command needs a platform key anyway. Others find the components of the public page, unless their own key is a platform key.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CliException">No component has the name or the prefix, or several have the prefix.</exception>
    public static async Task<string> IdAsync(Session session, string text, bool platform, CancellationToken cancel)
    {
        text = text.Trim();
        if (Array.Find(BuiltIn, component => component.Id == text || component.Name.Equals(text, StringComparison.OrdinalIgnoreCase)).Id is { } builtIn)
        {
            return builtIn;
        }

        if (IdKind.Component.IsComplete(text) || session.IsDryRun)
        {
            return text;
        }

        var known = new List<(string Id, string Name, bool IsArchived)>();
        if (platform || HasPlatformKey(session.Settings))
        {
            await foreach (var item in IdKind.Component.ItemsAsync(session, cancel))
            {
                known.Add((item.Text("id") ?? "", item.Text("name") ?? "", item.Text("archived_at") is not null));
            }
        }
        else
        {
            var page = await session.Client.SendAsync(session.PublicCall("status.json"), cancel);
            known.AddRange(BuiltIn.Select(component => (component.Id, component.Name, false)));
            known.AddRange(page.Json.Items("indicators").Select(item => (item.Text("id") ?? "", item.Text("name") ?? "", false)).Where(component => component.Item1.Length > 0));
        }

        if (known.Find(component => !component.IsArchived && component.Name.Equals(text, StringComparison.OrdinalIgnoreCase)).Id is { } named)
        {
            return named;
        }

        if (text.StartsWith(IdKind.Component.Prefix, StringComparison.Ordinal))
        {
            return IdKind.Component.Match(text, known.Select(component => component.Id)) ?? text; // the API says what is wrong with it
        }

        throw new CliException(ExitCodes.NotFound, $"no component is named '{TerminalText.Line(text)}'")
        {
            Details = [$"  components: {string.Join(", ", known.Where(component => !component.IsArchived).Select(component => component.Name).Distinct())}"],
        };
    }

    /// <summary>Whether the key with which the command is sent is a platform key. The environment's other one may be for another host than that of the context.</summary>
    private static bool HasPlatformKey(Settings settings)
    {
        var key = settings.Key(platform: false);
        return Settings.IsPlatformKey(key) && settings.Key(platform: true) == key;
    }
}
