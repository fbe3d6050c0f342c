using Microsoft.AspNetCore.Components;
using Xerotier.OperatorConsole.Visits;

namespace Xerotier.OperatorConsole.Shared;

/// <summary>What every page knows.</summary>
public abstract class ConsolePage : ComponentBase
{
    /// <summary>The request that it responds to.</summary>
    [Parameter]
    [EditorRequired]
    public Visit Visit { get; set; } = null!;
}
