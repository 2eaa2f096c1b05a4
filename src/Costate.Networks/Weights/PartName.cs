namespace Costate.Networks;

/// <summary>The names that the networks of a pipeline have: those of their folders on the Hub.</summary>
internal static class PartName
{
    internal const string Unet = "unet";
    internal const string Vae = "vae";
    internal const string Text = "text_encoder";
    internal const string Text2 = "text_encoder_2";
}
