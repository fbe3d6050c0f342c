namespace Xerotier.Xeroctl.Output;

/// <summary>A column of a <see cref="Table"/>.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Shrinks">Whether its text is truncated when the terminal is narrow.</param>
/// <param name="OnlyWide">Whether terminals of fewer than 110 columns hide it.</param>
/// <param name="Least">The width that it should keep, if its text needs so much, even if other columns are hidden for it.</param>
/// <param name="Leaves">The order in which columns are hidden: 1 first; 0 is never hidden.</param>
/// <param name="Place">Its place on a terminal: lower first; columns of one place keep their order.</param>
/// <param name="IsId">Whether it holds ids that a terminal shows as unique prefixes.</param>
internal sealed record TableColumn(string Title, bool Shrinks = false, bool OnlyWide = false, int Least = 8, int Leaves = 0, int Place = 0, bool IsId = false);
