namespace Costate;

/// <summary>libtorch, which TorchSharp runs on, is not there or cannot be loaded. The message says what to do.</summary>
/// <param name="message">What is missing, and the remedy.</param>
/// <param name="cause">What TorchSharp or the loader said.</param>
public sealed class MissingLibraryException(string message, Exception? cause = null) : InvalidOperationException(message, cause);
