using Costate.Studio.Uploads;

namespace Costate.Studio.Forms;

/// <summary>A page of the studio with what can be filled in, and the command of the tool that does it.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="Title">For people.</param>
/// <param name="Summary">What it does, in a sentence.</param>
/// <param name="Command">The words of the tool's command.</param>
internal sealed record StudioForm(string Kind, string Title, string Summary, params IReadOnlyList<string> Command)
{
    /// <summary>The option of the pipeline's folder.</summary>
    private const string ModelOption = "model";

    private const string WeightsOption = "weights";
    private const string ThreadsOption = "threads";
    private const string DeviceOption = "device";

    /// <summary>What can be filled in, in the order of the page.</summary>
    public required IReadOnlyList<FormField> Fields { get; init; }

    /// <summary>The names of options that are always given, without dashes.</summary>
    public IReadOnlyList<string> Always { get; init; } = [];

    /// <summary>Whether a pipeline of the user's can take the embedded model's place, for these values.</summary>
    public Func<IReadOnlyDictionary<string, string>, bool> TakesModel { get; init; } = _ => false;

    /// <summary>Whether it computes with networks: with the embedded models where no pipeline takes their place.</summary>
    public bool UsesNetworks { get; init; } = true;

    /// <summary>The C# that does the same.</summary>
    public required Func<FormValues, string> Code { get; init; }

    /// <summary>The arguments of the tool.</summary>
    /// <param name="given">By the names of fields.</param>
    /// <param name="uploads">Where files are.</param>
    /// <param name="computing">What it computes with.</param>
    /// <exception cref="InputException">A value is not what its field takes, or there is no such field.</exception>
    internal FormValues Read(IReadOnlyDictionary<string, string> given, UploadStore uploads, ComputingChoice computing)
    {
        if (given.Keys.FirstOrDefault(name => Fields.All(field => field.Name != name)) is string strange)
        {
            throw new InputException("values", strange.Length > 40 ? strange[..40] : strange, $"fields of {Kind}");
        }

        var read = new Dictionary<string, string>();
        List<string> arguments = [.. Command], options = [];
        foreach (FormField field in Fields.Where(field => IsThere(field, given)))
        {
            if (field.Read(given.GetValueOrDefault(field.Name, field.Default), uploads) is not string value)
            {
                continue;
            }

            read[field.Name] = value;
            if (field.IsOfPage || value == field.Unsaid)
            {
                continue;
            }

            if (field.IsArgument)
            {
                arguments.Add(value);
            }
            else
            {
                options.AddRange(Option(field, value));
            }
        }

        string? pipeline = computing.Model is not null && TakesModel(read) ? computing.Model : null;
        options.InsertRange(0, pipeline is null ? [] : [Dashed(ModelOption), pipeline]);
        options.AddRange(pipeline is null && UsesNetworks && computing.Weights is string weights ? [Dashed(WeightsOption), weights] : []);
        options.AddRange(UsesNetworks && computing.Device is string device ? [Dashed(DeviceOption), device] : []);
        options.AddRange(computing.Threads is int threads ? [Dashed(ThreadsOption), $"{threads}"] : []);
        return new FormValues(read, [.. arguments, .. options, .. Always.Select(Dashed)], pipeline);
    }

    private bool IsThere(FormField field, IReadOnlyDictionary<string, string> given)
    {
        if (field.When is not FieldCondition when)
        {
            return true;
        }

        FormField other = Fields.Single(f => f.Name == when.Field);
        return when.Values.Contains(given.GetValueOrDefault(other.Name, other.Default)) && IsThere(other, given);
    }

    // A value that begins as an option does is tied to its own.
    private static string[] Option(FormField field, string value) =>
        field.Kind == FieldKind.Flag ? value == FormFields.Yes ? [Dashed(field.Name)] : []
        : value.StartsWith('-') ? [$"{Dashed(field.Option ?? field.Name)}={value}"]
        : [Dashed(field.Option ?? field.Name), value];

    private static string Dashed(string name) => $"--{name}";
}
