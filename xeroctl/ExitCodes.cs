namespace Xerotier.Xeroctl;

/// <summary>What the process ends with (product.md section 7).</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>It failed for a reason that has no code of its own.</summary>
    public const int Failure = 1;

    /// <summary>The command line, the configuration or a value is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No key, a wrong key, or a key that may not do this.</summary>
    public const int Permission = 3;

    /// <summary>There is no such object.</summary>
    public const int NotFound = 4;

    /// <summary>The object's state does not allow it, or it exists already.</summary>
    public const int Conflict = 5;

    /// <summary>Too many requests.</summary>
    public const int RateLimited = 6;

    /// <summary>The service did not answer, or said that it cannot at the moment.</summary>
    public const int Unreachable = 7;

    /// <summary><c>xeroctl status</c>: the platform is not operational.</summary>
    public const int NotOperational = 8;

    /// <summary>Every code with its meaning, as the reference prints them.</summary>
    public static readonly (int Code, string Meaning)[] All =
    [
        (Ok, "ok"),
        (Failure, "failure: the server failed (500), sent something that is not the API's, or a question was answered with no"),
        (Usage, "usage: the command line or the configuration is wrong, or the API refused a value (400)"),
        (Permission, "authentication or permission: no API key, or 401 or 403"),
        (NotFound, "not found (404)"),
        (Conflict, "conflict: the state does not allow it, or it has changed (409, 412)"),
        (RateLimited, "rate limited (429)"),
        (Unreachable, "unreachable: no connection, no answer in time, or 502, 503 or 504"),
        (NotOperational, "xeroctl status: the platform is not operational, or its state is not known at the moment"),
    ];

    /// <summary>The exit code for an HTTP status that is not a success.</summary>
    public static int FromStatus(int status) => status switch
    {
        400 or 413 or 415 => Usage,
        401 or 403 or 407 => Permission,
        404 => NotFound,
        409 or 412 => Conflict,
        429 => RateLimited,
        502 or 503 or 504 => Unreachable,
        _ => Failure,
    };
}

/// <summary>Ends the command with a sentence on stderr and an exit code.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">What went wrong, for the person at the terminal.</param>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>Further lines below the sentence, such as one per invalid field.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];
}
