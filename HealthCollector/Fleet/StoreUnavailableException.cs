namespace Xerotier.HealthCollector.Fleet;

/// <summary>Redis does not respond, or not in time.</summary>
internal sealed class StoreUnavailableException(Exception cause) : Exception("Redis is unavailable.", cause);
