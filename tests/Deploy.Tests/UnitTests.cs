using System.Diagnostics;
using System.Globalization;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>deploy/systemd (operations.md section 25).</summary>
public sealed class UnitTests
{
    [Theory]
    [MemberData(nameof(ManifestTests.Services), MemberType = typeof(ManifestTests))]
    public void Every_address_is_a_port_of_that_service_and_no_port_is_there_twice(string service)
    {
        var addresses = Units.EnvironmentOf(service).Where(variable => variable.Key.StartsWith("services__", StringComparison.Ordinal)).Select(variable => (Name: variable.Key.Split("__"), Uri: new Uri(variable.Value))).ToList();
        Assert.Equal(Variables.Asked(service).Order(), addresses.Select(address => (address.Name[1], address.Name[2])).Order());
        Assert.All(addresses, address => Assert.Equal($"http://127.0.0.1:{Units.EnvironmentOf(address.Name[1])[$"{address.Name[2].ToUpperInvariant()}_PORT"]}/", $"{address.Uri}"));
        var ports = Variables.Projects.Keys.SelectMany(Units.EnvironmentOf).Where(variable => variable.Key.EndsWith("_PORT", StringComparison.Ordinal)).Select(variable => variable.Value).ToList();
        Assert.Distinct(ports);
    }

    [Fact]
    public void The_target_wants_every_service_and_a_Gateway_has_time_to_drain()
    {
        var target = File.ReadAllText(Path.Combine(Units.Folder, "xerotier-status.target"));
        Assert.All(Variables.Projects.Keys, service => Assert.Contains($"xerotier-{service}.service", target, StringComparison.Ordinal));
        Assert.Equal(Variables.Projects.Count, Directory.GetFiles(Units.Folder, "*.service").Length);
        var grace = int.Parse(Units.SettingsOf("gateway").Single(setting => setting.Name == "TimeoutStopSec").Value, CultureInfo.InvariantCulture);
        Assert.True(grace > (int.Parse(Units.EnvironmentOf("gateway")["Gateway__DrainMilliseconds"], CultureInfo.InvariantCulture) / 1000) + 10);
        Assert.Equal($"/var/lib/{Units.SettingsOf("gateway").Single(setting => setting.Name == "StateDirectory").Value}", Path.GetDirectoryName(Units.EnvironmentOf("gateway")["Page__SnapshotFile"]));
    }

    [Fact]
    public void Systemd_takes_every_unit_and_refuses_a_misspelt_setting()
    {
        using var copy = new UnitsCopy();
        Assert.Equal("", copy.Verify());
        copy.Change("xerotier-.service.d/common.conf", "PrivateTmp=", "PrivateTemp=");
        Assert.Contains("PrivateTemp", copy.Verify(), StringComparison.Ordinal);
    }

    [Fact]
    public void Systemd_finds_little_that_a_service_could_do_beyond_its_work()
    {
        using var copy = new UnitsCopy();
        foreach (var service in Variables.Projects.Keys)
        {
            // From 0, safe, to 10: what is left are sockets, which a service has, and memory that is written and run, which .NET needs.
            var (exit, output) = UnitsCopy.Run("security", "--offline=true", "--threshold=20", "--no-pager", copy.PathOf(service));
            Assert.True(exit == 0, output);
        }
    }

    /// <summary>The units, with the programs that are built here in place of what an installation has in /opt.</summary>
    private sealed class UnitsCopy : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("xerotier-units-").FullName;

        public UnitsCopy()
        {
            if (!File.Exists("/usr/bin/systemd-analyze"))
            {
                Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
                Assert.Skip("There is no systemd-analyze.");
            }

            foreach (var file in Directory.EnumerateFiles(Units.Folder, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(folder, Path.GetRelativePath(Units.Folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                var text = File.ReadAllText(file);
                foreach (var (service, project) in Variables.Projects)
                {
                    text = text.Replace($"/opt/xerotier-status/{service}/Xerotier.{project}", Solution.Executable(project), StringComparison.Ordinal);
                }

                Assert.DoesNotContain("/opt/", text, StringComparison.Ordinal);
                File.WriteAllText(copy, text);
            }
        }

        public string PathOf(string service) => Path.Combine(folder, $"xerotier-{service}.service");

        public void Change(string file, string from, string to) => File.WriteAllText(Path.Combine(folder, file), File.ReadAllText(Path.Combine(folder, file)).Replace(from, to, StringComparison.Ordinal));

        /// <summary>What <c>systemd-analyze verify</c> says of these units; of others of this machine, which it reads too, it may say what it likes.</summary>
        public string Verify()
        {
            var (exit, output) = Run("verify", [.. Directory.GetFiles(folder, "xerotier-*.service"), Path.Combine(folder, "xerotier-status.target")]);
            var ours = string.Join('\n', output.Split('\n').Where(line => line.Contains("xerotier-", StringComparison.Ordinal)));
            return ours.Length == 0 && exit != 0 ? output : ours;
        }

        public static (int Exit, string Output) Run(string command, params string[] arguments)
        {
            using var run = Process.Start(new ProcessStartInfo("systemd-analyze", [command, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = run.StandardError.ReadToEndAsync();
            var output = run.StandardOutput.ReadToEnd();
            run.WaitForExit();
            return (run.ExitCode, output + error.Result);
        }

        public void Dispose() => Directory.Delete(folder, recursive: true);
    }
}
