#:package TorchSharp-cpu
#:project ../src/Costate.Networks/Costate.Networks.csproj
#:property PublishAot=false

// Reads damaged checkpoints, 100,000 unless told otherwise, and counts what none may do: end in an error other than a refusal, take over a
// second, or take more than 64 MB and twice the file: `dotnet run eng/fuzz-pickles.cs [count] [seed]`. Exit status 1 where one did.
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Costate;
using Costate.Networks;
using static TorchSharp.torch;

int count = args.Length > 0 ? int.Parse(args[0]) : 100_000;
int seed = args.Length > 1 ? int.Parse(args[1]) : 1;
CpuLibraries.Prepare();
set_num_threads(1);
string pickles = Path.Combine(Folder(), "..", "tests", "goldens", "checkpoints", "pickles");
byte[][] valid =
    [.. Directory.GetFiles(pickles).Where(file => !file.EndsWith(".safetensors")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
byte[] instructions =
    [.. "(.01NJKMGXCBc)t]}aesuqrhjRbQ"u8, 0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91,
        0x93, 0x94, 0x95];
string folder = Directory.CreateTempSubdirectory("costate-fuzz-").FullName;
string path = Path.Combine(folder, "a.pt");
var random = new Random(seed);
int read = 0, refused = 0, crashes = 0, slow = 0, large = 0;
double longest = 0;
long most = 0;
for (int i = 0; i < count; i++)
{
    byte[] file = Damage(valid[i % valid.Length]);
    File.WriteAllBytes(path, file);
    long before = GC.GetAllocatedBytesForCurrentThread(), tensors = 0;
    long start = Stopwatch.GetTimestamp();
    try
    {
        using WeightSource source = WeightSource.Open(path);
        foreach (string name in source.Names.Where(name => source.Info(name).Dtype is not null))
        {
            using var scope = NewDisposeScope();
            tensors += source.Info(name).ByteCount;
            source.Read(name);
        }

        read++;
    }
    catch (Exception e) when (e is InvalidDataException or IOException)
    {
        refused++;
    }
    catch (Exception e)
    {
        crashes++;
        Report(i, e.ToString());
    }

    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    long bytes = GC.GetAllocatedBytesForCurrentThread() - before + tensors;
    (longest, most) = (Math.Max(longest, seconds), Math.Max(most, bytes));
    if (seconds > 1)
    {
        slow++;
        Report(i, $"{seconds:f2} s");
    }

    if (bytes > (64L << 20) + (2L * file.Length))
    {
        large++;
        Report(i, $"{bytes} bytes");
    }
}

Directory.Delete(folder, recursive: true);
Console.WriteLine(
    $"{count} files, seed {seed}: {read} read, {refused} refused; {crashes} crashed, {slow} took over a second, {large} too much memory.");
Console.WriteLine($"The longest took {longest:f3} s, the largest {most / 1e6:f1} MB.");
return crashes + slow + large > 0 ? 1 : 0;

void Report(int number, string what)
{
    string kept = $"fuzz-{seed}-{number}.pt";
    File.Copy(path, kept, overwrite: true);
    Console.WriteLine($"{kept}: {what}");
}

byte[] Damage(byte[] original)
{
    List<byte> file = [.. original];
    for (int times = random.Next(1, 5); times > 0 && file.Count > 0; times--)
    {
        // The pickle and the zip archive's directory are at the ends.
        int at = random.Next(4) == 0 ? random.Next(file.Count) : random.Next(Math.Min(file.Count, 2500));
        at = random.Next(5) == 0 ? Math.Max(0, file.Count - 1 - random.Next(1500)) : at;
        switch (random.Next(8))
        {
            case 0:
                file[at] = (byte)random.Next(256);
                break;
            case 1:
                file[at] = instructions[random.Next(instructions.Length)];
                break;
            case 2:
                file.Insert(at, instructions[random.Next(instructions.Length)]);
                break;
            case 3:
                file.RemoveRange(at, Math.Min(random.Next(1, 20), file.Count - at));
                break;
            case 4:
                for (int j = at, last = Math.Min(at + random.Next(1, 9), file.Count); j < last; j++)
                {
                    file[j] = random.Next(3) == 0 ? (byte)0x7f : (byte)0xff;
                }

                break;
            case 5:
                byte[] piece = [.. file.Skip(random.Next(file.Count)).Take(random.Next(1, 200))];
                file.InsertRange(at, Enumerable.Repeat(piece, random.Next(1, 4)).SelectMany(part => part));
                break;
            case 6:
                // Many of one instruction: what builds up.
                file.InsertRange(at,
                    Enumerable.Repeat(instructions[random.Next(instructions.Length)], random.Next(50) == 0 ? 500_000 : 100));
                break;
            default:
                file.RemoveRange(at, random.Next(8) == 0 ? file.Count - at : 0);
                break;
        }
    }

    return [.. file];
}

static string Folder([CallerFilePath] string source = "") => Path.GetDirectoryName(source)!;
