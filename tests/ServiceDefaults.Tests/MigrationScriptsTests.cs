using System.Text.RegularExpressions;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>The previous release goes on beside the new one on the new schema, and no script holds up its statements.</summary>
public sealed partial class MigrationScriptsTests : IAsyncLifetime
{
    private const string TakesAway = "It takes away or changes what the previous release uses";
    private const string Refuses = "It may refuse what the previous release writes";
    private const string HoldsUp = "An index of an existing table is made concurrently, in a script of its own whose name ends in _concurrently.sql";

    /// <summary>
    /// What a release sees of a schema, one row each: its table, what it is, and whether it would, new on a table that is there already, refuse
    /// or change a row that a release writes which does not know it. Indexes that are not unique make no difference to anybody.
    /// </summary>
    private const string SchemaSql = """
        select c.relname::text, format('column %s.%s %s%s%s', c.relname, attname, format_type(atttypid, atttypmod), case when attnotnull then ' not null' end, ' default ' || pg_get_expr(adbin, adrelid)),
            attnotnull and adbin is null and attidentity = ''
        from pg_attribute join pg_class c on c.oid = attrelid left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped
        union all
        select conrelid::regclass::text, format('constraint %s on %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid)), true
        from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0 and contype <> 'n'
        union all
        select confrelid::regclass::text, format('reference %s to %s', conname, confrelid::regclass), true
        from pg_constraint where connamespace = 'public'::regnamespace and contype = 'f' and (confdeltype in ('a', 'r') or confupdtype in ('a', 'r'))
        union all
        select indrelid::regclass::text, pg_get_indexdef(indexrelid), true
        from pg_index join pg_class c on c.oid = indexrelid where relnamespace = 'public'::regnamespace and indisunique and not exists (select from pg_constraint where conindid = indexrelid)
        union all
        select tgrelid::regclass::text, pg_get_triggerdef(t.oid), true
        from pg_trigger t join pg_class c on c.oid = tgrelid where relnamespace = 'public'::regnamespace and not tgisinternal
        union all
        select '', pg_get_functiondef(oid), false from pg_proc where pronamespace = 'public'::regnamespace and prokind in ('f', 'p')
        union all
        select '', format('view %s as %s', relname, pg_get_viewdef(oid)), false from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
        """;

    /// <summary>Scripts from before the rules.</summary>
    private static readonly HashSet<string> Older =
    [
        "Gateway/0002_changes_and_suspension.sql", "MaintenanceService/0003_auto_transition.sql", "MaintenanceService/0004_page_feed.sql",
        "MaintenanceService/0005_change_log.sql", "MaintenanceService/0006_platform_first.sql", "StatusService/0003_components.sql",
    ];

    private TestPostgres postgres = null!;

    public async ValueTask InitializeAsync() => postgres = await TestPostgres.StartAsync();

    public ValueTask DisposeAsync() => postgres.DisposeAsync();

    [Fact]
    public async Task Scripts_only_add_what_the_previous_release_need_not_know_and_index_existing_tables_concurrently()
    {
        var broken = new List<(string Script, string Rule)>();
        foreach (var folder in Directory.GetDirectories(Solution.Folder).Select(project => Path.Combine(project, "Migrations")).Where(Directory.Exists))
        {
            await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
            foreach (var script in Directory.GetFiles(folder, "*.sql").Order(StringComparer.Ordinal))
            {
                var name = Path.GetRelativePath(Solution.Folder, script).Replace("Migrations/", "", StringComparison.Ordinal);
                broken.AddRange((await BrokenAsync(database, name, await File.ReadAllTextAsync(script, TestContext.Current.CancellationToken))).Select(rule => (name, rule)));
            }
        }

        Assert.DoesNotContain(broken, one => !Older.Contains(one.Script));
        Assert.Empty(Older.Except(broken.Select(one => one.Script)));
    }

    [Fact]
    public async Task Each_rule_finds_what_breaks_it()
    {
        foreach (var (sql, rule) in ((string, string?)[])
        [
            ("alter table a drop column b;", TakesAway),
            ("ALTER TABLE a\n  rename b to d;", TakesAway),
            ("alter table a rename to d;", TakesAway),
            ("alter table a alter column b type bigint;", TakesAway),
            ("alter table a alter column c set not null;", TakesAway),
            ("alter table a alter column b drop default;", TakesAway),
            ("alter table a drop constraint a_c_key;", TakesAway),
            ("drop view v;", TakesAway),
            ("do $$ begin execute 'drop table a cascade'; end $$;", TakesAway),
            ("alter table a add column d int not null;", Refuses),
            ("alter table a add check (b > 0);", Refuses),
            ("create table d (e int references a);", Refuses),
            ("create function f() returns trigger language plpgsql as 'begin return null; end'; create trigger t before insert on a for each row execute function f();", Refuses),
            ("create index on a (b);", HoldsUp),
            ("create index concurrently d on a (b);", HoldsUp),
            ("create table d (e int primary key, f int not null); create index g on d (f);", null),
            ("alter table a add column d int not null default 0, add column e text; -- rename", null),
        ])
        {
            Assert.Equal((sql, rule), (sql, Rule(await BrokenAsync("1_a.sql", sql))));
        }

        Assert.Null(Rule(await BrokenAsync("1_a_concurrently.sql", "drop index concurrently if exists d;\ncreate index concurrently d on a (b);")));
        Assert.Equal(Refuses, Rule(await BrokenAsync("1_a_concurrently.sql", "create unique index concurrently d on a (b);")));

        static string? Rule(List<string> broken) => broken.Count == 0 ? null : Assert.Single(broken.Select(one => one.Split(':')[0]).Distinct());

        async Task<List<string>> BrokenAsync(string name, string sql)
        {
            await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
            await ExecuteAsync(database, "create table a (id int primary key, b int default 1, c int unique); create view v as select 1 as one");
            return await MigrationScriptsTests.BrokenAsync(database, name, sql);
        }
    }

    /// <summary>Applies a script, and says which rules it breaks and by what.</summary>
    private static async Task<List<string>> BrokenAsync(NpgsqlDataSource database, string name, string text)
    {
        var sql = Comment().Replace(text, "");
        var isConcurrent = name.EndsWith("_concurrently.sql", StringComparison.Ordinal);
        var before = await SchemaAsync(database);
        foreach (var statement in isConcurrent ? sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : MustFail(sql) ? [] : [sql])
        {
            await ExecuteAsync(database, statement);
        }

        var after = await SchemaAsync(database);
        var tables = before.Select(one => one.Table).ToHashSet();
        var broken = before.Except(after).Select(one => $"{TakesAway}: {one.Text}").ToList();
        if (broken.Count == 0)
        {
            broken.AddRange(after.Except(before).Where(one => one.Refuses && tables.Contains(one.Table)).Select(one => $"{Refuses}: {one.Text}"));
        }

        var made = CreatedTable().Matches(sql).Select(match => match.Groups["table"].Value).ToHashSet();
        broken.AddRange(CreatedIndex().Matches(sql)
            .Where(match => match.Groups["concurrently"].Success != isConcurrent || (!isConcurrent && !made.Contains(match.Groups["table"].Value)))
            .Select(match => $"{HoldsUp}: {match.Value}"));
        return broken;

        static bool MustFail(string sql) => CreatedIndex().Matches(sql).Any(match => match.Groups["concurrently"].Success); // in a transaction it cannot be made
    }

    private static async Task<List<(string Table, string Text, bool Refuses)>> SchemaAsync(NpgsqlDataSource database)
    {
        var rows = new List<(string, string, bool)>();
        await using var command = database.CreateCommand(SchemaSql);
        await using var row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await row.ReadAsync(TestContext.Current.CancellationToken))
        {
            rows.Add((row.GetString(0), row.GetString(1), row.GetBoolean(2)));
        }

        return rows;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("--[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"create table (if not exists )?(?<table>\w+)", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase)]
    private static partial Regex CreatedTable();

    [GeneratedRegex(@"create (unique )?index (?<concurrently>concurrently )?(if not exists )?((?!on )\w+ )?on (?<table>\w+)", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase)]
    private static partial Regex CreatedIndex();
}
