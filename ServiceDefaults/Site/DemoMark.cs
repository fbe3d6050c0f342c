namespace Xerotier.ServiceDefaults.Site;

/// <summary>What the pages and documents of a demo say of themselves.</summary>
public static class DemoMark
{
    /// <summary>What titles and names begin with.</summary>
    public const string Prefix = "Demo: ";

    /// <summary>The line above everything else.</summary>
    public const string Line = "Demo data: a simulated fleet and 90 days of example history";

    /// <summary>The line at the top of a page, with the ways to the console's page that silences the fleet and says how to begin without a demo.</summary>
    public const string Strip = $"<p class=\"demo\">{Line}. <a href=\"/console/demo\">Break something</a> · <a href=\"/console/demo#real\">Start for real</a></p>";
}
