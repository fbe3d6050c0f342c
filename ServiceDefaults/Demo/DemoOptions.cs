using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;

namespace Xerotier.ServiceDefaults.Demo;

/// <summary>Whether this is a demo, whose fresh databases get an example history. Section <c>Demo</c>, of which AppHost knows what is fresh.</summary>
public sealed class DemoOptions
{
    /// <summary>The number that the example history follows from. Default 0: none.</summary>
    [Range(0, int.MaxValue)]
    public int Seed { get; set; }

    /// <summary>The UTC day before which it ends, the same for all services. Default: today.</summary>
    public DateOnly? Day { get; set; }

    /// <summary>Whether this is one.</summary>
    public bool IsDemo => Seed > 0;

    /// <summary>The example history as of <paramref name="now"/>; null: this is no demo.</summary>
    public DemoStory? StoryAt(DateTimeOffset now) => !IsDemo ? null : DemoStory.Of(Seed, Day ?? DateOnly.FromDateTime(now.UtcDateTime));

    /// <summary>Reads a service's section, which is checked as the service starts.</summary>
    public static DemoOptions From(IConfigurationSection section)
    {
        var options = section.Get<DemoOptions>() ?? new();
        Validator.ValidateObject(options, new(options), validateAllProperties: true);
        return options;
    }
}
