using System.CommandLine;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>A group of commands.</summary>
internal sealed class Group : Command
{
    /// <summary>A group with its commands.</summary>
    public Group(string name, string description, params Command[] commands)
        : base(name, description)
    {
        foreach (var command in commands)
        {
            Add(command);
        }
    }
}
