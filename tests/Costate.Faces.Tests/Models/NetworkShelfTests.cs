using Costate.Faces.Models;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Models;

public sealed class NetworkShelfTests
{
    [Fact]
    public void Networks_StayUntilOthersAreWanted()
    {
        using var scope = NewDisposeScope();
        List<string> ended = [];
        using (var shelf = new NetworkShelf())
        {
            Part first = shelf.Networks("a", () => new Part("a", ended));
            Assert.Same(first, shelf.Networks("a", () => new Part("a", ended)));
            Assert.Empty(ended);
            shelf.Networks("b", () => new Part("b", ended));
            Assert.Equal(["a"], ended);
            Assert.Throws<InvalidDataException>(() => shelf.Networks<Part>("c", () => throw new InvalidDataException("damaged")));
        }

        Assert.Equal(["a", "b"], ended);
    }

    [Fact]
    public void BorrowedModel_LeavesItsNetworks()
    {
        using var scope = NewDisposeScope();
        List<string> ended = [];
        Denoiser denoiser = Denoiser.FromFunction((x, _, _) => x, Prediction.Noise);
        using var model = new Model("formula", denoiser, NoiseSchedule.VpLinear(), new Part("network", ended))
        {
            StartScale = 3,
            Shape = [1, 2, 2],
        };
        Model borrowed = NetworkShelf.Borrowed(model);
        Assert.Equal((3, model.Shape, "formula"), (borrowed.StartScale, borrowed.Shape, borrowed.Source));
        borrowed.Dispose();
        Assert.Empty(ended);
    }

    private sealed class Part(string name, List<string> ended) : IDisposable
    {
        public void Dispose() => ended.Add(name);
    }
}
