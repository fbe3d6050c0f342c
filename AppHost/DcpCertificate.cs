using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

#pragma warning disable ASPIRECERTIFICATES001 // experimental: Aspire may still change it

namespace Xerotier.AppHost;

/// <summary>
/// The certificate by which AppHost and the orchestrator know each other. The orchestrator would make an RSA key at each start, up to
/// 3 s of a processor; this one is made once for a user, on a curve. Nothing else uses it: no service of the local cluster speaks TLS.
/// </summary>
internal sealed class DcpCertificate(ClusterSettings cluster, TimeProvider time) : IDeveloperCertificateService
{
    // Aspire takes those alone that bear the mark of ASP.NET Core's development certificates.
    private static readonly X509Extension DevelopmentMark = new("1.3.6.1.4.1.311.84.1.1", [0], critical: false);

    private readonly Lazy<ImmutableList<X509Certificate2>> certificates = new(() => [LoadOrMake(Folder(cluster), time.GetUtcNow())]);

    /// <inheritdoc/>
    public ImmutableList<X509Certificate2> Certificates => certificates.Value;

    /// <inheritdoc/>
    public bool SupportsContainerTrust => false;

    /// <inheritdoc/>
    public bool TrustCertificate => false;

    /// <inheritdoc/>
    public bool UseForHttps => false;

    /// <summary>The user's folder for data of programs, or the cluster's where the user has none.</summary>
    private static string Folder(ClusterSettings cluster)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        try
        {
            return home.Length > 0 ? PrivateServers.WritableFolder(Path.Combine(home, "xerotier-status")) : cluster.DataFolder;
        }
        catch (SetupException)
        {
            return cluster.DataFolder;
        }
    }

    private static X509Certificate2 LoadOrMake(string folder, DateTimeOffset now)
    {
        var path = Path.Combine(folder, "orchestrator.pem");
        if (File.Exists(path))
        {
            try
            {
                var kept = X509Certificate2.CreateFromPemFile(path);
                if (kept.NotBefore < now.LocalDateTime && kept.NotAfter > now.LocalDateTime.AddDays(1))
                {
                    return kept;
                }

                kept.Dispose();
            }
            catch (CryptographicException)
            {
                // not a certificate with its key: made anew
            }
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1")], critical: true)); // a server's
        request.CertificateExtensions.Add(DevelopmentMark);
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
        var own = $"{path}.{Guid.NewGuid():N}"; // another cluster may start at the same moment
        PrivateServers.WriteSecret(own, $"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        File.Move(own, path, overwrite: true);
        return X509Certificate2.CreateFromPemFile(path);
    }
}
