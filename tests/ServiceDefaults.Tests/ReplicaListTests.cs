using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class ReplicaListTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Channel<IReadOnlyList<Replica>> told = Channel.CreateUnbounded<IReadOnlyList<Replica>>();

    [Fact]
    public async Task Given_addresses_are_told_once()
    {
        var list = List((_, _) => throw new InvalidOperationException("Nobody asks."), "http://a:1", "http://10.0.0.1:2");
        await list.WatchAsync(replicas => told.Writer.TryWrite(replicas), TestContext.Current.CancellationToken);
        Assert.Equal(["http://a:1/", "http://10.0.0.1:2/"], (await NextAsync()).Select(replica => $"{replica.Address}"));
        Assert.False(told.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_name_is_looked_up_every_5_seconds_and_keeps_what_it_had_while_DNS_fails()
    {
        Func<IPAddress[]> answer = () => [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.1")];
        var asked = Channel.CreateUnbounded<string>();
        var list = List(
            (name, _) =>
            {
                asked.Writer.TryWrite(name);
                return Task.FromResult(answer());
            },
            "dns+https://a.test:8443", "https://10.0.0.9:1");
        using var end = new CancellationTokenSource();
        var watching = list.WatchAsync(replicas => told.Writer.TryWrite(replicas), end.Token);
        Assert.Equal(["https://10.0.0.1:8443/ a.test:8443", "https://10.0.0.2:8443/ a.test:8443", "https://10.0.0.9:1/ "], (await NextAsync()).Select(replica => $"{replica.Address} {replica.Name}"));

        foreach (var failing in (Func<IPAddress[]>[])[() => throw new SocketException(), () => []])
        {
            answer = failing;
            await AskAsync();
            Assert.Equal(3, list.Current.Count);
        }

        answer = () => [IPAddress.Parse("10.0.0.2"), IPAddress.IPv6Loopback];
        await AskAsync();
        Assert.Equal(["https://10.0.0.2:8443/", "https://[::1]:8443/", "https://10.0.0.9:1/"], (await NextAsync()).Select(replica => $"{replica.Address}"));
        Assert.Equal("https://[::1]:9443/", $"{list.Current[1].At(new("dns+https://a.test:9443"))}");
        await end.CancelAsync();
        await watching;
        Assert.False(told.Reader.TryRead(out _));

        async Task AskAsync()
        {
            while (asked.Reader.TryRead(out _))
            {
            }

            await Eventually.TrueAsync(
                () =>
                {
                    time.Advance(ReplicaList.RefreshEvery);
                    return asked.Reader.TryRead(out var name) && name == "a.test";
                },
                "DNS is asked again");
        }
    }

    private ReplicaList List(LookUp lookUp, params string[] settings) => new([.. settings.Select(setting => new Uri(setting))], lookUp, time, NullLogger.Instance);

    private Task<IReadOnlyList<Replica>> NextAsync() => told.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
}
