namespace Costate.Testing;

/// <summary>Writes JPEG pictures of uniform blocks of 8 by 8, exact in every component, with the markers that a test asks for.</summary>
internal static class TinyJpeg
{
    /// <summary>What programs of Adobe leave: how the components are to be read.</summary>
    public static byte[] Adobe(byte transform) => Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]);

    public static byte[] Segment(byte marker, byte[] payload) =>
        [0xFF, marker, (byte)((payload.Length + 2) >> 8), (byte)(payload.Length + 2), .. payload];

    /// <summary>A picture.</summary>
    /// <param name="width">Blocks in a row.</param>
    /// <param name="height">Rows of blocks.</param>
    /// <param name="block">The components of a block, as they are stored.</param>
    /// <param name="segments">What stands before the picture itself.</param>
    public static byte[] Write(int width, int height, Func<int, int, byte[]> block, params byte[][] segments)
    {
        int components = block(0, 0).Length;
        using var file = new MemoryStream();
        file.Write([0xFF, 0xD8]);
        foreach (byte[] segment in segments)
        {
            file.Write(segment);
        }

        // A step of 8 for the mean of a block makes it exact.
        file.Write(Segment(0xDB, [0, .. Enumerable.Repeat((byte)8, 64)]));
        (int w, int h) = (8 * width, 8 * height);
        byte[] described = [.. Enumerable.Range(1, components).SelectMany(i => (byte[])[(byte)i, 0x11, 0])];
        file.Write(Segment(0xC0, [8, (byte)(h >> 8), (byte)h, (byte)(w >> 8), (byte)w, (byte)components, .. described]));

        // Lengths of the mean's difference, 0 to 11, in four bits each; of what else a block has, its end alone, in one bit.
        file.Write(Segment(0xC4, [0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Enumerable.Range(0, 12).Select(i => (byte)i)]));
        file.Write(Segment(0xC4, [0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        byte[] scanned = [.. Enumerable.Range(1, components).SelectMany(i => (byte[])[(byte)i, 0x00])];
        file.Write(Segment(0xDA, [(byte)components, .. scanned, 0, 63, 0]));
        file.Write(Scan(width, height, components, block));
        file.Write([0xFF, 0xD9]);
        return file.ToArray();
    }

    private static byte[] Scan(int width, int height, int components, Func<int, int, byte[]> block)
    {
        var bits = new List<bool>();
        int[] before = new int[components];
        for (int i = 0; i < width * height; i++)
        {
            byte[] values = block(i % width, i / width);
            for (int c = 0; c < components; c++)
            {
                int difference = values[c] - 128 - before[c];
                before[c] = values[c] - 128;
                int length = 32 - int.LeadingZeroCount(Math.Abs(difference));
                Append(length, 4);
                Append(difference < 0 ? difference + (1 << length) - 1 : difference, length);
                Append(0, 1);
            }
        }

        while (bits.Count % 8 != 0)
        {
            bits.Add(true);
        }

        byte[] bytes = [.. bits.Chunk(8).Select(b => (byte)b.Aggregate(0, (sum, bit) => (2 * sum) + (bit ? 1 : 0)))];
        return [.. bytes.SelectMany(b => b == 0xFF ? (byte[])[b, 0] : [b])];

        void Append(int value, int count)
        {
            for (int i = count - 1; i >= 0; i--)
            {
                bits.Add(((value >> i) & 1) == 1);
            }
        }
    }
}
