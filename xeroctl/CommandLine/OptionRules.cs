using System.CommandLine;
using System.Globalization;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>What options accept, with messages that name the option.</summary>
internal static class OptionRules
{
    /// <summary>Restricts <paramref name="option"/> to <paramref name="values"/>, and completes them.</summary>
    public static Option<T> OneOf<T>(Option<T> option, params string[] values)
    {
        option.CompletionSources.Add(values);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !values.Contains(token.Value)))
            {
                result.AddError($"{option.Name} takes {string.Join(", ", values[..^1])} or {values[^1]}, not '{token.Value}'");
            }
        });
        return option;
    }

    /// <summary>Restricts <paramref name="option"/> to whole numbers from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int?> Integer(Option<int?> option, int least, int most)
    {
        option.CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            {
                return number;
            }

            result.AddError($"{option.Name} takes a whole number from {least} to {most}, not '{text}'");
            return null;
        };
        return option;
    }

    /// <summary>A switch that may be given alone or as true or false; absent, it leaves the value as it is.</summary>
    public static Option<bool?> Switch(string name, string description) =>
        new(name) { Description = description, HelpName = "true|false", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>The value of a <see cref="Switch"/>; null where it was not given.</summary>
    public static bool? GetSwitch(this ParseResult parse, Option<bool?> option) => parse.GetResult(option) is null ? null : parse.GetValue(option) ?? true;

    /// <summary>The values of a repeatable option; null where it was not given. One empty value is the empty list.</summary>
    public static string[]? GetList(this ParseResult parse, Option<string[]> option) =>
        parse.GetResult(option) is null ? null : parse.GetValue(option) is [""] ? [] : parse.GetValue(option);
}
