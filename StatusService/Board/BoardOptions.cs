namespace Xerotier.StatusService.Board;

/// <summary>Section <c>Page</c>, as far as it is about what the page says.</summary>
public sealed class BoardOptions
{
    /// <summary>Whose active windows put the platform under maintenance (product.md section 3). Default: anybody's.</summary>
    public MaintenanceFrom MaintenanceFrom { get; set; }
}

/// <summary>Whose active windows put the platform under maintenance.</summary>
public enum MaintenanceFrom
{
    /// <summary>Anybody's.</summary>
    Any,

    /// <summary>Those of platform projects.</summary>
    Platform,
}
