namespace Costate.Networks.Tests;

/// <summary>Damages a file the way that reaches a reader's checks: single bytes, numbers, instructions, pieces moved and lost.</summary>
internal static class PickleMutation
{
    private static readonly byte[] Instructions =
        [.. "(.01NJKMGXCBc)t]}aesuqrhjRbQ"u8, 0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91,
            0x93, 0x94, 0x95];

    internal static byte[] Of(byte[] valid, Random random)
    {
        List<byte> file = [.. valid];

        // The pickle itself and the zip archive's directory are a small part of a file with much data.
        int times = random.Next(1, 5);
        for (int i = 0; i < times && file.Count > 0; i++)
        {
            int at = random.Next(4) == 0 ? random.Next(file.Count) : Math.Min(file.Count - 1, random.Next(Math.Min(file.Count, 2500)));
            if (random.Next(5) == 0)
            {
                at = Math.Max(0, file.Count - 1 - random.Next(1500));
            }

            switch (random.Next(7))
            {
                case 0:
                    file[at] = (byte)random.Next(256);
                    break;
                case 1:
                    file[at] = Instructions[random.Next(Instructions.Length)];
                    break;
                case 2:
                    file.Insert(at, Instructions[random.Next(Instructions.Length)]);
                    break;
                case 3:
                    file.RemoveRange(at, Math.Min(random.Next(1, 20), file.Count - at));
                    break;
                case 4:
                    for (int j = at; j < Math.Min(at + random.Next(1, 9), file.Count); j++)
                    {
                        file[j] = random.Next(3) == 0 ? (byte)0x7f : (byte)0xff;
                    }

                    break;
                case 5:
                    byte[] piece = [.. file.Skip(random.Next(file.Count)).Take(random.Next(1, 200))];
                    file.InsertRange(at, Enumerable.Repeat(piece, random.Next(1, 4)).SelectMany(bytes => bytes));
                    break;
                default:
                    file.RemoveRange(at, random.Next(8) == 0 ? file.Count - at : 0);
                    break;
            }
        }

        return [.. file];
    }
}
