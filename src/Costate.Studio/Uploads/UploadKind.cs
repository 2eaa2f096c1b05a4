namespace Costate.Studio.Uploads;

/// <summary>What an upload is.</summary>
internal enum UploadKind
{
    /// <summary>A PNG, JPEG or WebP picture.</summary>
    Picture,

    /// <summary>A TorchScript file, which is a program.</summary>
    Program,
}
