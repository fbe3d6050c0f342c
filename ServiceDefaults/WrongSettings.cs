using Microsoft.Extensions.Options;

namespace Xerotier.ServiceDefaults;

/// <summary>The last word of a service that cannot start: its operator needs the sentence, not the stack.</summary>
internal static class WrongSettings
{
    /// <summary>Ends the process if <paramref name="unhandled"/> is a wrong setting, or says that the service was told to stop while it started. Anything else is a fault of ours, and crashes.</summary>
    public static void End(object unhandled)
    {
        var failures = unhandled is AggregateException several ? several.InnerExceptions : [(Exception)unhandled];
        if (failures.All(IsWrongSetting))
        {
            Console.Error.WriteLine(string.Join(' ', failures.Select(failure => failure.Message)));
            Environment.Exit(1);
        }
        else if (unhandled is OperationCanceledException)
        {
            Environment.Exit(128 + 15); // as SIGTERM would have done
        }
    }

    private static bool IsWrongSetting(Exception failure) =>
        failure is OptionsValidationException or SettingException
        || (failure is InvalidOperationException && failure.Source == "Microsoft.Extensions.Configuration.Binder"); // no number, and the like
}

/// <summary>A setting is missing or wrong; the message says which.</summary>
internal sealed class SettingException(string message) : InvalidOperationException(message);
