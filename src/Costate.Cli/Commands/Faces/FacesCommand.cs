
namespace Costate.Cli.Commands.Faces;

/// <summary><c>costate faces</c>: what the tool knows of drawn faces.</summary>
internal sealed class FacesCommand : DocumentedCommand
{
    internal FacesCommand(CommandContext context)
        : base(context, "faces", "Draws faces of people who do not exist, which the embedded model and its recognisers are trained on.")
    {
        Notes = ["The faces are made of some thirty traits that a seed draws; no photograph is involved anywhere."];
        Subcommands.Add(new FacesDrawCommand(context));
    }
}
