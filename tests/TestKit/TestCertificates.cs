using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Xerotier.TestKit;

/// <summary>A certificate of <c>services.test</c> and, unless it is for the name alone, of <c>127.0.0.1</c> or another address, the root that it leads to, and both as files.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("xerotier-test-").FullName;

    public TestCertificates(bool nameAlone = false, IPAddress? address = null)
    {
        var now = DateTimeOffset.UtcNow;
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Test root", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var root = rootRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=services.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("services.test");
        if (!nameAlone)
        {
            names.AddIpAddress(address ?? IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(root, now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        Server = issued.CopyWithPrivateKey(key);
        File.WriteAllText(CaFile, root.ExportCertificatePem());
        File.WriteAllText(CertificateFile, Server.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Server { get; }

    /// <summary>The root, PEM.</summary>
    public string CaFile => Path.Combine(folder, "ca.pem");

    /// <summary>The certificate, PEM.</summary>
    public string CertificateFile => Path.Combine(folder, "server.pem");

    /// <summary>Its key, PEM.</summary>
    public string KeyFile => Path.Combine(folder, "server.key");

    public void Dispose()
    {
        Server.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
