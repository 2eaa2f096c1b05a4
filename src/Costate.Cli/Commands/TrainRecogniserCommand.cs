using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Training;
using Costate.Networks;

namespace Costate.Cli.Commands;

/// <summary><c>costate train recogniser</c>.</summary>
internal sealed class TrainRecogniserCommand : DocumentedCommand
{
    private static readonly TrainingDefaults Defaults = new() { Minutes = 25, Batch = 128, MicroBatch = 32, LearningRate = 2e-3, WeightDecay = 0.05 };

    [SetsRequiredMembers]
    internal TrainRecogniserCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("recogniser", "Trains a face recogniser.")
    {
        var options = new TrainingOptions("costate-recogniser", Defaults);
        var loss = new Option<string>("--loss") { Description = $"The margin of the softmax: {AngularMargin.Names}.", HelpName = "NAME", DefaultValueFactory = _ => "arcface" };
        var width = new Option<int>("--width") { Description = "Channels of the first stage, a multiple of 8.", HelpName = "W", DefaultValueFactory = _ => 32 };
        Notes =
        [
            $"Files: {RecogniserTask.WeightsFile} (the moving average of the weights), {TrainingRun.LogFile}, {TrainingRun.ValidationFile} (threshold and true match rate on held-out identities at a false match rate of 0.1 %) and {Checkpoint.FileName}.",
            "Ctrl-C stops with a checkpoint, and the same command goes on. With --steps the same seed and number of threads give the same weights; with --minutes they depend on the machine's speed.",
        ];
        Examples =
        [
            new("Two steps on a few faces, to see that it runs", "costate train recogniser --loss adaface --width 8 --steps 2 --identities 4 --circumstances 2 --batch 4 --output recogniser"),
        ];
        Options.Add(loss);
        Options.Add(width);
        options.AddTo(this);
        SetAction(parsed => options.Run(
            parsed,
            (faces, settings) => new RecogniserTask(new FaceRecogniserConfig { Width = parsed.GetValue(width) }, parsed.GetValue(loss)!, faces, settings),
            terminal,
            cancellationToken));
    }
}
