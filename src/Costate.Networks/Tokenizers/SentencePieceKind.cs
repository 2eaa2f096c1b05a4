namespace Costate.Networks;

/// <summary>What a piece of a SentencePiece vocabulary stands for, by the numbers of the file.</summary>
internal enum SentencePieceKind
{
    /// <summary>For its text.</summary>
    Normal = 1,

    /// <summary>For what the vocabulary does not know.</summary>
    Unknown = 2,

    /// <summary>For nothing in a text, such as its end.</summary>
    Control = 3,

    /// <summary>For its text, which is never cut.</summary>
    UserDefined = 4,

    /// <summary>For nothing any more.</summary>
    Unused = 5,

    /// <summary>For a byte.</summary>
    Byte = 6,
}
