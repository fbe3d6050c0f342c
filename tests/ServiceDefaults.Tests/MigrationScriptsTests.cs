using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>The previous release goes on beside the new one on the new schema, and no script holds up its statements.</summary>
public sealed partial class MigrationScriptsTests
{
    /// <summary>Scripts from before the rules.</summary>
    private static readonly HashSet<string> Older =
    [
        "Gateway/0002_changes_and_suspension.sql", "MaintenanceService/0003_auto_transition.sql", "MaintenanceService/0004_page_feed.sql",
        "MaintenanceService/0005_change_log.sql", "MaintenanceService/0006_platform_first.sql", "StatusService/0003_components.sql",
    ];

    [Fact]
    public void Scripts_only_add_and_index_existing_tables_concurrently()
    {
        var scripts = Directory.GetDirectories(Solution.Folder).Select(project => Path.Combine(project, "Migrations")).Where(Directory.Exists).SelectMany(folder => Directory.GetFiles(folder, "*.sql")).ToList();
        var broken = scripts.SelectMany(script => Broken(Path.GetFileName(script), File.ReadAllText(script)), (script, rule) => (Script: Path.GetRelativePath(Solution.Folder, script).Replace("Migrations/", "", StringComparison.Ordinal), Rule: rule)).ToList();
        Assert.DoesNotContain(broken, one => !Older.Contains(one.Script));
        Assert.Empty(Older.Except(broken.Select(one => one.Script)));
    }

    [Theory]
    [InlineData("1_a.sql", "alter table a drop column b;", "takes away")]
    [InlineData("1_a.sql", "ALTER TABLE a\n  rename b to c;", "takes away")]
    [InlineData("1_a.sql", "alter table a alter column b type bigint;", "takes away")]
    [InlineData("1_a.sql", "alter table a add column b int not null;", "refuses")]
    [InlineData("1_a.sql", "alter table a alter column b set not null;", "refuses")]
    [InlineData("1_a.sql", "create index on a (b);", "concurrently")]
    [InlineData("1_a.sql", "create index concurrently b on a (b);", "concurrently")]
    [InlineData("1_a.sql", "create table a (b int not null); create index b on a (b);", null)]
    [InlineData("1_a.sql", "alter table a add column b int not null default 0, add column c text; -- rename", null)]
    [InlineData("1_a_concurrently.sql", "drop index concurrently if exists b;\ncreate index concurrently b on a (b);", null)]
    public void Each_rule_finds_what_breaks_it(string name, string sql, string? rule)
    {
        if (rule is null)
        {
            Assert.Empty(Broken(name, sql));
        }
        else
        {
            Assert.Contains(rule, Assert.Single(Broken(name, sql)), StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Broken(string name, string text)
    {
        var sql = Comment().Replace(text, "").ToLowerInvariant();
        var isConcurrent = name.EndsWith("_concurrently.sql", StringComparison.Ordinal);
        var made = CreatedTable().Matches(sql).Select(match => match.Groups["table"].Value).ToHashSet();
        if (TakesAway().IsMatch(sql))
        {
            yield return "It takes away or changes what the previous release uses.";
        }

        if (sql.Split(';').Any(statement => AddedColumns().IsMatch(statement)) || sql.Contains("set not null", StringComparison.Ordinal))
        {
            yield return "It refuses rows that the previous release writes.";
        }

        if (CreatedIndex().Matches(sql).Any(match => match.Groups["concurrently"].Success != isConcurrent || (!isConcurrent && !made.Contains(match.Groups["table"].Value))))
        {
            yield return "An index of an existing table is made concurrently, in a script of its own whose name ends in _concurrently.sql.";
        }
    }

    [GeneratedRegex("--[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"create table (if not exists )?(?<table>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex CreatedTable();

    [GeneratedRegex(@"\brename\b|\bdrop (table|column|view|constraint|trigger|function)\b|alter column \w+ (set data )?type\b", RegexOptions.ExplicitCapture)]
    private static partial Regex TakesAway();

    [GeneratedRegex(@"add column [^,]*not null(?![^,]*default)(?<!default[^,]*)", RegexOptions.ExplicitCapture)]
    private static partial Regex AddedColumns();

    [GeneratedRegex(@"create (unique )?index (?<concurrently>concurrently )?(if not exists )?((?!on )\w+ )?on (?<table>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex CreatedIndex();
}
