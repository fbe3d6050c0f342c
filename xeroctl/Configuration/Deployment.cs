namespace Xerotier.Xeroctl.Configuration;

/// <summary>A value of the configuration file and its place.</summary>
/// <param name="Text">The value.</param>
/// <param name="Source">File and line.</param>
internal sealed record ConfigValue(string Text, string Source);

/// <summary>One <c>[deployment.name]</c> of the configuration file.</summary>
/// <param name="Name">The context's name.</param>
/// <param name="Source">File and line.</param>
internal sealed record Deployment(string Name, string Source)
{
    /// <summary><c>base_url</c>.</summary>
    public ConfigValue? BaseUrl { get; set; }

    /// <summary><c>api_key</c>.</summary>
    public ConfigValue? ApiKey { get; set; }

    /// <summary><c>api_key_env</c>: the variable that holds the key.</summary>
    public ConfigValue? ApiKeyEnvironment { get; set; }

    /// <summary><c>output</c>: table or json.</summary>
    public ConfigValue? Output { get; set; }
}
