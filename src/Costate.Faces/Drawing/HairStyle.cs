namespace Costate.Faces.Drawing;

/// <summary>How hair is worn.</summary>
internal enum HairStyle
{
    /// <summary>Shaven: a shadow on the skull.</summary>
    Shaven,

    /// <summary>Short all round.</summary>
    Crop,

    /// <summary>Short with a side parting.</summary>
    SideParting,

    /// <summary>Combed up.</summary>
    Quiff,

    /// <summary>Drawn back from the temples.</summary>
    Receding,

    /// <summary>To the chin, with a fringe.</summary>
    Bob,

    /// <summary>Long, parted in the middle.</summary>
    Long,

    /// <summary>Long and curly.</summary>
    Curls,

    /// <summary>A round crown of tight curls.</summary>
    Afro,

    /// <summary>Drawn up into a bun.</summary>
    Bun,
}
