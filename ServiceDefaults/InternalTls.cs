using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Xerotier.ServiceDefaults;

/// <summary>How this service checks the certificates of others, where their addresses are <c>https://</c>. Section <c>InternalTls</c>.</summary>
public sealed class InternalTlsOptions
{
    /// <summary>A PEM file with the roots that other services' certificates must lead to. Default: the system's roots.</summary>
    public string? CaFile { get; set; }

    internal static bool IsReadable(string? file)
    {
        try
        {
            return string.IsNullOrEmpty(file) || Roots(file).Count > 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return false;
        }
    }

    internal static X509Certificate2Collection Roots(string file)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(file);
        return roots;
    }
}

/// <summary>TLS towards other services.</summary>
public sealed class InternalTls(IOptions<InternalTlsOptions> options)
{
    /// <summary>What a handler needs to check the certificates of other services.</summary>
    public SslClientAuthenticationOptions ClientOptions()
    {
        var client = new SslClientAuthenticationOptions();
        if (options.Value.CaFile is { Length: > 0 } file)
        {
            client.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            client.CertificateChainPolicy.CustomTrustStore.AddRange(InternalTlsOptions.Roots(file));
        }

        return client;
    }
}
