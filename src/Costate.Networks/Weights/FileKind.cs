namespace Costate.Networks;

/// <summary>What a file of weights is, by its first bytes.</summary>
internal enum FileKind
{
    /// <summary>A safetensors file.</summary>
    Safetensors,

    /// <summary>A zip archive, as torch.save writes it.</summary>
    Zip,

    /// <summary>Pickles in a row, as torch.save wrote before.</summary>
    Pickle,
}
