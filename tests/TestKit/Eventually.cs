using System.Runtime.CompilerServices;

namespace Xerotier.TestKit;

/// <summary>Waits for what happens soon.</summary>
public static class Eventually
{
    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    /// <exception cref="TimeoutException">It did not within <paramref name="seconds"/>; the message says <paramref name="what"/>.</exception>
    public static Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "", double seconds = 90) =>
        TrueAsync(() => Task.FromResult(condition()), what, seconds);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string, double)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "", double seconds = 90)
    {
        for (var until = DateTime.UtcNow.AddSeconds(seconds); !await condition(); await Task.Delay(20))
        {
            if (DateTime.UtcNow > until)
            {
                throw new TimeoutException($"Not within {seconds} s: {what}");
            }
        }
    }
}
