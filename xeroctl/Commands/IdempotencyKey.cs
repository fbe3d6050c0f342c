using System.CommandLine;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The option <c>--idempotency-key</c> of commands that make or change something once.</summary>
internal sealed class IdempotencyKey : Option<string?>
{
    /// <summary>The option.</summary>
    public IdempotencyKey(bool hasTimes = true)
        : base("--idempotency-key")
    {
        Description = "Make a call safe to repeat: the API runs the same key and request once within 24 h (default: random)"
            + (hasTimes ? ". Use absolute times with it; relative times make each run a different request, which the API rejects" : "");
        HelpName = "key";
    }

    /// <summary>The key that was given, or a random one.</summary>
    /// <exception cref="CliException">It cannot be one.</exception>
    public string Of(ParseResult parse)
    {
        var key = parse.GetValue(this) is { } given ? given.Trim() : Guid.NewGuid().ToString();
        return key.Length is > 0 and <= 255 && !key.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? key
            : throw new CliException(ExitCodes.Usage, $"{Name}: an idempotency key has 1 to 255 ASCII characters");
    }
}
