using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The tensors of a safetensors file.</summary>
internal sealed class SafetensorsWeights(string path) : WeightSource(path)
{
    private readonly SafetensorsFile file = SafetensorsFile.Open(path);

    public override IReadOnlyList<string> Names => file.Names;

    public override StoredTensor Info(string name)
    {
        SafetensorsTensorInfo info = file.Info(name);
        return new StoredTensor(info.DtypeName, info.Dtype, info.Shape, info.ByteCount);
    }

    public override Tensor Read(string name) => file.Read(name);

    internal override void Fill(string name, Tensor parameter, Action<Tensor> check) => file.Fill(name, parameter, check);

    private protected override void Close() => file.Dispose();
}
