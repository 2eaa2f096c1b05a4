namespace Costate.Faces.Drawing;

/// <summary>The colour of hair before its own small change, in the order in which seeds draw it.</summary>
internal enum HairTone
{
    /// <summary>Black.</summary>
    Black,

    /// <summary>Nearly black.</summary>
    DarkBrown,

    /// <summary>Brown.</summary>
    Brown,

    /// <summary>Light brown.</summary>
    LightBrown,

    /// <summary>Dark blond.</summary>
    DarkBlond,

    /// <summary>Blond.</summary>
    Blond,

    /// <summary>Red.</summary>
    Red,

    /// <summary>Grey.</summary>
    Grey,
}
