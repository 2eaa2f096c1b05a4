using System.CommandLine;
using System.CommandLine.Parsing;

namespace Costate.Cli;

/// <summary>What a user is told of a command line that cannot be understood, in our words in place of the parser's.</summary>
internal static class ParseErrorText
{
    /// <summary>A sentence or two for each error.</summary>
    internal static IReadOnlyList<string> Of(ParseResult parsed) => [.. parsed.Errors.SelectMany(error => Of(error, parsed)).Distinct()];

    private static IEnumerable<string> Of(ParseError error, ParseResult parsed) => error.SymbolResult switch
    {
        OptionResult given when IsTyped(given) && given.Tokens.Count == 0 =>
            [$"Got {Typed(given)} without its value; expected {given.Option.Name} {given.Option.HelpName}. {given.Option.Description}"],
        OptionResult given when given.Tokens.Count > given.Option.Arity.MaximumNumberOfValues =>
            [
                $"Got {given.Option.Name} {given.Tokens.Count} times, with "
                    + $"{string.Join(" and ", given.Tokens.Select(token => token.Value))}; expected it once.",
            ],
        OptionResult missing when !IsTyped(missing) => [Missing(missing.Option)],
        ArgumentResult missing when missing.Tokens.Count == 0 =>
        [
            $"Got no {Name(missing.Argument)}; expected it after {parsed.CommandResult.Command.Name}. {missing.Argument.Description}",
            ],
        CommandResult command => OfCommand(command, parsed),
        _ => [error.Message],
    };

    private static IEnumerable<string> OfCommand(CommandResult result, ParseResult parsed)
    {
        Command command = result.Command;
        if (command.Subcommands.Count > 0 && command.Action is null)
        {
            string names = string.Join(", ", command.Subcommands.Select(c => c.Name));
            yield return parsed.UnmatchedTokens is [string first, ..]
                ? $"Got '{first}', which is no command; expected one of: {names}."
                : $"Got no command after {command.Name}; expected one of: {names}.";
            yield break;
        }

        foreach (Option option in command.Options.Where(o => o.Required && parsed.GetResult(o) is not { Implicit: false }))
        {
            yield return Missing(option);
        }

        foreach (string token in parsed.UnmatchedTokens)
        {
            string verbs =
                command.Subcommands.Count > 0 ? $", or one of: {string.Join(", ", command.Subcommands.Select(c => c.Name))}" : "";
            yield return token.StartsWith('-') && token.Length > 1
                ? $"Got the option {token}, which {command.Name} does not have."
                : $"Got '{token}', which is one too many; {command.Name} takes {Taken(command)}{verbs}.";
        }
    }

    private static string Missing(Option option) => $"Got no {option.Name}; expected {option.Name} {option.HelpName}. {option.Description}";

    private static string Taken(Command command) =>
        command.Arguments.Count == 0 ? "options alone" : string.Join(" ", command.Arguments.Select(Name)) + " and options";

    private static string Name(Argument argument) => argument.HelpName ?? argument.Name;

    private static string Typed(OptionResult result) => result.IdentifierToken?.Value ?? result.Option.Name;

    private static bool IsTyped(OptionResult result) => result.IdentifierToken is not null;
}
