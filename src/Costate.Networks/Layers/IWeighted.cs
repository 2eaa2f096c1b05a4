using TorchSharp.Modules;

namespace Costate.Networks;

/// <summary>A module with one parameter of its own.</summary>
internal interface IWeighted
{
    /// <summary>The parameter.</summary>
    Parameter Weight { get; set; }
}
