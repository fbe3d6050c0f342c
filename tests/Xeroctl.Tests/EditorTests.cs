namespace Xerotier.Xeroctl.Tests;

/// <summary>A person who writes an update in an editor, which is a script here.</summary>
public sealed class EditorTests : IDisposable
{
    private const string Path = "/proj_ABC123/v1/management/incidents";
    private const string Id = "inc_aaaabbbbccccddddeeee";
    private readonly string folder = Directory.CreateTempSubdirectory("xeroctl-editor-").FullName;

    private string Copy => System.IO.Path.Combine(folder, "copy");

    private string Temporary => Directory.CreateDirectory(System.IO.Path.Combine(folder, "tmp")).FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task What_is_written_above_the_scissors_is_sent()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "printf 'We are looking.\\n\\n# Not a comment\\n' | cat - \"$1\" > \"$1.new\"; mv \"$1.new\" \"$1\"");
        var result = await tool.TerminalAsync([], 80, "incidents", "create", "Slow downloads", "--component", "Model Storage=degraded");
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith($"Created {Id}\n", result.Out);
        Assert.Equal("""{"title":"Slow downloads","body":"We are looking.\n\n# Not a comment","components":[{"id":"cmp_model_storage","status":"degraded"}]}""", api.Seen.Single().Body);
        Assert.Equal(
            """


            # ------------------------ >8 ------------------------
            # Do not change the line above. Everything below it is dropped, and an empty text sends nothing.
            #
            # Title: Slow downloads

            """,
            await File.ReadAllTextAsync(Copy));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Temporary));
    }

    [Fact]
    public async Task An_update_is_written_beside_what_the_incident_says_and_answers_only_that()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "echo Over. > \"$1\"");
        Assert.Equal(0, (await tool.TerminalAsync([], 80, "incidents", "resolve", Id)).ExitCode);
        Assert.Equal([$"GET {Path}/{Id} ", $"POST {Path}/{Id}/updates {{\"status\":\"resolved\",\"body\":\"Over.\"}}"], api.Seen.Select(request => $"{request.Method} {request.Target} {request.Body}"));
        Assert.Equal("\"7\"", api.Seen.Last().Headers["If-Match"]);
        Assert.EndsWith(
            """
            #
            # Elevated errors in us-east (inc_aaaabbbbccccddddeeee): monitoring, major, started 2d ago
            # Components: Inference Routing (degraded), Batch API (outage)
            # Last update, 26w ago: monitoring
            #   A fix is in place.

            """.Replace("26w", Ago(), StringComparison.Ordinal),
            await File.ReadAllTextAsync(Copy));
    }

    [Fact]
    public async Task The_text_of_an_update_is_edited()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "sed -i 's/A fix is/The fix is/' \"$1\"");
        Assert.Equal(0, (await tool.TerminalAsync([], 80, "incidents", "edit-update", Id, "upd_zzzz")).ExitCode);
        Assert.StartsWith("A fix is in place.\n\n# ---", await File.ReadAllTextAsync(Copy));
        Assert.Equal($"PATCH {Path}/{Id}/updates/upd_zzzzbbbbccccddddeeee {{\"body\":\"The fix is in place.\"}} \"7\"", $"{api.Seen.Last().Method} {api.Seen.Last().Target} {api.Seen.Last().Body} {api.Seen.Last().Headers["If-Match"]}");
        var missing = await tool.TerminalAsync([], 120, "incidents", "edit-update", Id, "upd_nope");
        Assert.Equal((4, $"xeroctl: {Id} has no update with the ID upd_nope\n"), (missing.ExitCode, missing.Out));
    }

    [Theory]
    [InlineData("true", "the text is empty; nothing was sent")]
    [InlineData(": > \"$1\"", "the text is empty; nothing was sent")]
    [InlineData("printf '\\n  \\n' > \"$1\"", "the text is empty; nothing was sent")]
    [InlineData("exit 3", "the editor 'EDITOR' ended with 3; nothing was sent. Set VISUAL or EDITOR to choose another, or use --body")]
    public async Task Without_a_text_nothing_is_sent(string script, string error)
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, script);
        var result = await tool.TerminalAsync([], 200, "incidents", "create", "T");
        Assert.Equal((1, $"xeroctl: {error.Replace("EDITOR' ended", $"{tool.Environment["EDITOR"]}' ended", StringComparison.Ordinal)}\n"), (result.ExitCode, result.Out));
        Assert.Empty(api.Seen);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Temporary));
    }

    [Fact]
    public async Task A_text_that_stays_as_it_is_changes_nothing()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "true");
        var result = await tool.TerminalAsync([], 80, "incidents", "edit-update", Id, "upd_zzzz");
        Assert.Equal((1, "xeroctl: the text is unchanged; nothing was sent\n"), (result.ExitCode, result.Out));
        Assert.DoesNotContain(api.Seen, request => request.Method != "GET");
    }

    [Fact]
    public async Task An_editor_that_is_not_there_is_said_so()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "true");
        tool.Environment["VISUAL"] = "no-such-editor --wait";
        var result = await tool.TerminalAsync([], 200, "incidents", "create", "T");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("no-such-editor: not found\n", result.Out);
        Assert.EndsWith("xeroctl: the editor 'no-such-editor --wait' ended with 127; nothing was sent. Set VISUAL or EDITOR to choose another, or use --body\n", result.Out);
    }

    [Fact]
    public async Task A_text_that_could_not_be_sent_is_kept_for_its_writer_alone()
    {
        await using var api = await TestApi.StartAsync((context, number) => number == 1
            ? TestApi.WriteAsync(context, 200, Samples.Json(Samples.Incident()))
            : TestApi.WriteAsync(context, 412, Samples.Error("precondition_failed", "The incident has changed.")));
        using var tool = Person(api, "echo A long text. > \"$1\"");
        var result = await tool.TerminalAsync([], 200, "incidents", "update", Id);
        Assert.Equal(5, result.ExitCode);
        Assert.StartsWith("xeroctl: The incident has changed. (412 precondition_failed, request ", result.Out);
        var kept = Directory.EnumerateFiles(Temporary, "update.md", SearchOption.AllDirectories).Single();
        Assert.EndsWith($"\n  Your text is kept in {kept}\n", result.Out);
        Assert.Equal("A long text.\n", await File.ReadAllTextAsync(kept));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(System.IO.Path.GetDirectoryName(kept)!));
    }

    [Fact]
    public async Task Notes_that_could_be_taken_for_the_text_are_never_sent()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "sed -i '/>8/d; 1s/^/Text/' \"$1\"");
        var result = await tool.TerminalAsync([], 200, "incidents", "create", "T");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xeroctl: the line '# ------------------------ >8 ------------------------' is gone, so the notes below it would be sent too\n  Your text is kept in ", result.Out);
        Assert.Empty(api.Seen);
    }

    [Fact]
    public async Task The_editor_has_the_terminal_and_Ctrl_C_even_if_the_output_goes_elsewhere()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "trap 'echo caught' INT; echo writing; while [ -z \"$line\" ]; do read line; done; echo \"$line\" > \"$1\"");
        var result = await tool.TypingAsync([("writing", "\u0003"), ("caught", "Typed.\n")], 80, $"exec xeroctl incidents create T -o json > '{Copy}.json'");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(Samples.Json(Samples.Incident())[..20], (await File.ReadAllTextAsync($"{Copy}.json"))[..20]);
        Assert.Equal("""{"title":"T","body":"Typed."}""", api.Seen.Single().Body);
    }

    [Fact]
    public async Task Standard_input_is_read_on_request()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "exit 3");
        Assert.Equal(0, (await tool.ShellAsync("printf '\\n  One\\r\\n\\nTwo \\n\\n' | xeroctl incidents create T --body -")).ExitCode);
        Assert.Equal("""{"title":"T","body":"  One\n\nTwo"}""", api.Seen.Single().Body);
    }

    [Fact]
    public async Task A_dry_run_shows_what_would_be_sent()
    {
        await using var api = await IncidentTests.StartAsync();
        using var tool = Person(api, "echo Text > \"$1\"");
        Assert.Contains("""{"status":"resolved","body":"Text"}""", (await tool.TerminalAsync([], 80, "incidents", "resolve", Id, "--dry-run")).Out);
        Assert.Empty(api.Seen);
    }

    private static string Ago() => $"{(DateTimeOffset.UtcNow - new DateTimeOffset(2026, 5, 22, 16, 20, 0, TimeSpan.Zero)).Days}d";

    /// <summary>A person whose editor copies the file that it is given, and then runs <paramref name="script"/> with it as <c>$1</c>.</summary>
    private Tool Person(TestApi api, string script)
    {
        var editor = System.IO.Path.Combine(folder, "editor");
        File.WriteAllText(editor, $"#!/bin/sh\ncp \"$1\" '{Copy}'\n{script}\n");
        File.SetUnixFileMode(editor, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        tool.Environment["EDITOR"] = editor;
        tool.Environment["VISUAL"] = "";
        tool.Environment["TMPDIR"] = Temporary;
        return tool;
    }
}
