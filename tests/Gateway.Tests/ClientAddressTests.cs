using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Configuration;

namespace Xerotier.Gateway.Tests;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1", "10.0.0.1", "192.0.2.1")] // not trusted: what it says does not count
    [InlineData("10.0.0.9", "203.0.113.7", "203.0.113.7")]
    [InlineData("10.0.0.9", "1.1.1.1, 203.0.113.7", "203.0.113.7")] // the first one anyone could have written
    [InlineData("10.0.0.9", "203.0.113.7, 10.0.0.8", "203.0.113.7")]
    [InlineData("10.0.0.9", "203.0.113.7:4711", "203.0.113.7")]
    [InlineData("10.0.0.9", "[2001:db8::7]:4711", "2001:db8::7")]
    [InlineData("10.0.0.9", "2001:db8::7", "2001:db8::7")]
    [InlineData("10.0.0.9", "rubbish", "10.0.0.9")]
    [InlineData("10.0.0.9", "203.0.113.7, rubbish", "10.0.0.9")]
    [InlineData("10.0.0.9", "1", "10.0.0.9")]
    [InlineData("10.0.0.9", "", "10.0.0.9")]
    [InlineData("::ffff:10.0.0.9", "::ffff:203.0.113.7", "203.0.113.7")]
    public void The_client_is_whom_the_last_trusted_proxy_heard(string peer, string forwarded, string expected)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var addresses = new ClientAddresses(Options.Create(new GatewayOptions { TrustedProxies = ["10.0.0.0/8"] }), services.GetRequiredService<IMeterFactory>(), NullLogger<ClientAddresses>.Instance);
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) } };
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        Assert.Equal(IPAddress.Parse(expected), addresses.Of(context).Address);
    }

    [Theory]
    [InlineData("10.0.0.9", "http", "https", true)]
    [InlineData("10.0.0.9", "https", "http", false)] // its own connection has TLS, the client's has none
    [InlineData("10.0.0.9", "https", "https, http", false)]
    [InlineData("10.0.0.9", "https", "https, https", true)]
    [InlineData("10.0.0.9", "https", null, true)]
    [InlineData("10.0.0.9", "http", null, false)]
    [InlineData("192.0.2.1", "https", "http", true)] // not trusted: what it says does not count
    [InlineData("192.0.2.1", "http", "https", false)]
    public void Whether_the_client_has_TLS_is_the_word_of_a_trusted_proxy_alone(string peer, string scheme, string? forwarded, bool expected)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var addresses = new ClientAddresses(Options.Create(new GatewayOptions { TrustedProxies = ["10.0.0.0/8"] }), services.GetRequiredService<IMeterFactory>(), NullLogger<ClientAddresses>.Instance);
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) }, Request = { Scheme = scheme } };
        context.Request.Headers["X-Forwarded-Proto"] = forwarded;
        Assert.Equal(expected, addresses.IsSecure(context));
    }

    [Fact]
    public void An_IPv6_client_is_its_64_and_an_IPv4_client_itself()
    {
        static UInt128 Network(string text) => new ClientAddress(IPAddress.Parse(text)).Network;
        Assert.Equal(Network("2001:db8:1:2::1"), Network("2001:db8:1:2:ffff::9"));
        Assert.NotEqual(Network("2001:db8:1:2::1"), Network("2001:db8:1:3::1"));
        Assert.NotEqual(Network("192.0.2.1"), Network("192.0.2.2"));
        Assert.NotEqual(Network("0.0.0.1"), Network("::1"));
    }
}
