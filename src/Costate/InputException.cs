namespace Costate;

/// <summary>What a user gave cannot be used: it says what was got, what was expected and what to do.</summary>
/// <remarks>
/// The parameter is named as the library names it, in camel case. A program with names of its own for its inputs (an option, a field)
/// asks for the text under its name: <see cref="TextFor"/>.
/// </remarks>
/// <param name="parameter">Name of the input, such as <c>guidanceScale</c>; also <see cref="ArgumentException.ParamName"/>.</param>
/// <param name="got">What was given, as the end of a sentence that begins with "Got", such as <c>shape [3, 8]</c>.</param>
/// <param name="expected">What it must be, as the end of a sentence that begins with "it must be", such as <c>[batch, ...]</c>.</param>
/// <param name="remedy">What to do, a sentence; empty where what is expected says it.</param>
/// <param name="cause">The exception behind it, if there is one.</param>
public sealed class InputException(string parameter, string got, string expected, string remedy = "", Exception? cause = null)
    : ArgumentException(Sentence(parameter, got, expected, remedy), parameter, cause)
{
    /// <summary>What was given.</summary>
    public string Got { get; } = got;

    /// <summary>What it must be.</summary>
    public string Expected { get; } = expected;

    /// <summary>What to do; may be empty.</summary>
    public string Remedy { get; } = remedy;

    /// <summary>The whole text, with the parameter named as the library names it.</summary>
    public override string Message => TextFor(ParamName!);

    /// <summary>The whole text, with another name for the parameter, such as that of an option.</summary>
    /// <param name="name">The name that the user knows.</param>
    public string TextFor(string name) => Sentence(name, Got, Expected, Remedy);

    private static string Sentence(string name, string got, string expected, string remedy) =>
        $"Got {got} for {name}; it must be {expected}.{(remedy.Length == 0 ? "" : " " + remedy)}";
}
