namespace Xerotier.Xeroctl.CommandLine;

/// <summary>Exit codes of the process (product.md section 7).</summary>
internal static class ExitCodes
{
    /// <summary>Success.</summary>
    public const int Ok = 0;

    /// <summary>A failure without a code of its own.</summary>
    public const int Failure = 1;

    /// <summary>The command line, the configuration or a value is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The API key is missing, wrong, or not allowed to do this.</summary>
    public const int Permission = 3;

    /// <summary>The object does not exist.</summary>
    public const int NotFound = 4;

    /// <summary>The object's state does not allow the operation, or the object already exists.</summary>
    public const int Conflict = 5;

    /// <summary>Too many requests.</summary>
    public const int RateLimited = 6;

    /// <summary>The service did not respond, or said that it is unavailable.</summary>
    public const int Unreachable = 7;

    /// <summary><c>xeroctl status</c>: the platform is not operational.</summary>
    public const int NotOperational = 8;

    /// <summary>Every code with its meaning, as the help and the reference print them.</summary>
    public static readonly (int Code, string Meaning)[] All =
    [
        (Ok, "success"),
        (Failure, "failure: the server failed (500), the response did not come from the API, or you declined a prompt"),
        (Usage, "usage: the command line or the configuration is wrong, or the API rejected a value (400)"),
        (Permission, "authentication or permission: no API key, or 401 or 403"),
        (NotFound, "not found (404, 410)"),
        (Conflict, "conflict: the object's state does not allow it, or the object has changed (409, 412)"),
        (RateLimited, "rate limited (429)"),
        (Unreachable, "unreachable: no connection, no response in time, or 502, 503 or 504"),
        (NotOperational, "xeroctl status: the platform is not operational, or its current state is unknown"),
    ];

    /// <summary>The exit code for an HTTP status that is not a success.</summary>
    public static int FromStatus(int status) => status switch
    {
        400 or 413 or 415 => Usage,
        401 or 403 or 407 => Permission,
        404 or 410 => NotFound,
        409 or 412 => Conflict,
        429 => RateLimited,
        502 or 503 or 504 => Unreachable,
        _ => Failure,
    };
}
