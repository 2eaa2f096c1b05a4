namespace Costate.Networks;

/// <summary>The families of latent-diffusion models that were published as single files in their original layout.</summary>
internal enum OriginalFamily
{
    /// <summary>Stable Diffusion 1: CLIP-L.</summary>
    StableDiffusion1,

    /// <summary>Stable Diffusion 2: OpenCLIP-H, of which the last layer is not used.</summary>
    StableDiffusion2,

    /// <summary>Stable Diffusion XL: CLIP-L and OpenCLIP-bigG.</summary>
    StableDiffusionXl,

    /// <summary>The refiner of Stable Diffusion XL: OpenCLIP-bigG.</summary>
    StableDiffusionXlRefiner,
}
