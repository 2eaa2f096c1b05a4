using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class TensorBytesTests
{
    // Small enough that every way of cutting a tensor up comes into play.
    [Theory]
    [InlineData(8)]
    [InlineData(24)]
    [InlineData(100)]
    [InlineData(1 << 20)]
    public void Stream_GivesRowMajorOrderInChunksOfTheLimit(int chunkBytes)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor all = arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5);
        Tensor[] views =
        [
            all, all.permute(3, 1, 0, 2), all.transpose(0, 3), all[TensorIndex.Ellipsis, TensorIndex.Slice(null, null, 2)],
            all[0, 0, 0].expand(6, 5), all.flip(1), all[1, 2, 3, 4], all.narrow(0, 0, 0),
        ];
        foreach (Tensor view in views)
        {
            var bytes = new List<byte>();
            int largest = 0;
            TensorBytes.Stream(
                view,
                chunk =>
                {
                    largest = Math.Max(largest, chunk.Length);
                    bytes.AddRange(chunk);
                },
                chunkBytes);

            long[] expected = view.NumberOfElements == 0 ? [] : view.reshape(-1).data<long>().ToArray();
            Assert.Equal(expected.SelectMany(BitConverter.GetBytes), bytes);
            Assert.True(largest <= chunkBytes, $"{largest} bytes at once");
        }
    }

    [Fact]
    public void Fill_WritesChunkAfterChunk()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor tensor = zeros([3, 7], ScalarType.Int64);
        long next = 0;

        TensorBytes.Fill(
            tensor,
            chunk =>
            {
                for (int i = 0; i < chunk.Length; i += 8)
                {
                    BitConverter.TryWriteBytes(chunk[i..], next++);
                }
            },
            chunkBytes: 40);

        Assert.Equal(Enumerable.Range(0, 21).Select(value => (long)value), tensor.data<long>().ToArray());
    }
}
