using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments.Galleries;
using Costate.Experiments.Sharing;
using Costate.Faces.Files;
using Costate.Faces.Inputs;
using Costate.Faces.Machines;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Commands;

/// <summary>A command that computes and writes files: it prepares, computes, commits and prints.</summary>
/// <remarks>What the user gave is looked at before, so that nothing is written and no network loaded for a slip of the keys.</remarks>
internal abstract class ComputingCommand(CommandContext context, string name, string description)
    : DocumentedCommand(context, name, description)
{
    /// <summary>The files that one run may read.</summary>
    protected InputFiles NewInputs() => new(Terminal.Input, Cancellation);

    /// <summary>Computes files into a folder, in which they appear together at the end, or not at all.</summary>
    /// <param name="run">Where and how.</param>
    /// <param name="names">The files that will come.</param>
    /// <param name="compute">Stages files, and tells what was found out; its tensors live until all is printed.</param>
    protected int Produce(RunSettings run, IEnumerable<string> names, Func<OutputFolder, Outcome> compute)
    {
        using OutputFolder folder = OutputFolder.Prepare(run.Output, names);
        using Recording? recording = Terminal.Record(run.Metrics, run.Events);
        using var torchThreads = new TorchThreads(run.Threads);
        using DisposeScope scope = NewDisposeScope();
        Outcome outcome = compute(folder);
        if (outcome.ReportFile is string file)
        {
            File.WriteAllText(folder.Stage(file), outcome.Report + '\n');
        }

        if (outcome.HasGallery)
        {
            Gallery.Stage(folder);
        }

        Cancellation.ThrowIfCancellationRequested();
        folder.Commit();
        return Tell(outcome, run.Json, folder.FullName, folder.Files);
    }

    /// <summary>Goes on in a folder, in which what is finished stays.</summary>
    /// <param name="run">Where and how.</param>
    /// <param name="compute">Takes the folder, writes into it, and tells what was found out and which files say it.</param>
    protected int GoOn(RunSettings run, Func<(Outcome Outcome, IReadOnlyList<string> Files)> compute)
    {
        using Recording? recording = Terminal.Record(run.Metrics, run.Events);
        using var torchThreads = new TorchThreads(run.Threads);
        using DisposeScope scope = NewDisposeScope();
        (Outcome outcome, IReadOnlyList<string> files) = compute();
        return Tell(outcome, run.Json, Path.GetFullPath(run.Output), files);
    }

    /// <summary>Takes a folder for this run alone.</summary>
    /// <exception cref="IOException">Another run has it, or it cannot be written to.</exception>
    protected static FolderLock Take(ParseResult parsed, string folder) => FolderLock.Take(folder, string.Join(' ', parsed.Tokens));

    /// <summary>Takes a folder for a part of the work: alone, or with others that share it.</summary>
    /// <exception cref="IOException">Another run has it, or it cannot be written to.</exception>
    protected static FolderLock Take(ParseResult parsed, string folder, Division division) =>
        division.IsShared ? FolderLock.Share(folder) : Take(parsed, folder);

    /// <summary>The part of the work that an option names; what an array job says of it is told.</summary>
    protected Division DivisionOf(string shard)
    {
        Division division = Division.Parse(shard, Environment.GetEnvironmentVariable);
        if (division.Told is string told)
        {
            Terminal.Error.WriteLine(told);
        }

        return division;
    }

    private int Tell(Outcome outcome, bool json, string folder, IReadOnlyList<string> files)
    {
        if (json)
        {
            Terminal.Output.WriteLine(outcome.Report);
        }
        else
        {
            outcome.Print(Terminal);
            Terminal.Write($"{folder}: {outcome.Written ?? string.Join(", ", files)}{outcome.Remark}");
        }

        return outcome.Failed ? ExitCode.Failed : ExitCode.Done;
    }
}
