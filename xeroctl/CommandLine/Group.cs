using System.CommandLine;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>A group of commands.</summary>
internal sealed class Group : Command
{
    /// <summary>A group with its commands.</summary>
    public Group(string name, string description, params Leaf[] leaves)
        : base(name, description)
    {
        foreach (var leaf in leaves)
        {
            Add(leaf);
        }
    }
}
