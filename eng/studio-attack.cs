#:property PublishAot=false

// The visitors of eng/studio-attack.sh. Exit status 1 where the studio ended, grew by more than a gigabyte, took what is to be refused, or
// wrote a file outside of its folder.
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

(string work, int process) = (args[0], int.Parse(args[1]));
(int count, int clients) = (args.Length > 2 ? int.Parse(args[2]) : 500, args.Length > 3 ? int.Parse(args[3]) : 50);
Uri address = new(JsonDocument.Parse(File.ReadAllText(Path.Combine(work, "address.json"))).RootElement.GetProperty("address").GetString()!);
using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 2 * clients, UseCookies = false })
{
    BaseAddress = new Uri(address, "/"),
    Timeout = TimeSpan.FromMinutes(5),
};
client.DefaultRequestHeaders.Authorization = new("Bearer", address.Query["?token=".Length..]);
string example = (await client.GetFromJsonAsync<JsonElement>("/api/studio")).GetProperty("examples")[0].GetString()!;
byte[] good = await client.GetByteArrayAsync($"/api/uploads/{example}");
string[] around = Entries(work);
string[] kept = Entries(Path.Combine(work, "studio", "uploads"));
long before = Memory("VmRSS");

(string Name, byte[] Bytes)[] files =
[
    ("a bomb of 3.6 gigapixels", Sized(60_000, 60_000)),
    ("a bomb of two sides", Sized(int.MaxValue, 1)),
    ("no side", Sized(0, 0)),
    ("a black picture of 400 megapixels in 50 kB", Black(20_000)),
    ("half a picture", good[..(good.Length / 2)]),
    ("a picture whose middle is noise", Spoilt(good)),
    ("nothing", []),
    ("33 megabytes", new byte[33 << 20]),
    ("a JPEG's beginning", [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, .. "JFIF"u8]),
    ("a WebP's beginning", [.. "RIFF"u8, 255, 255, 255, 127, .. "WEBPVP8X"u8]),
    ("an SVG", [.. "<svg onload='alert(1)'/>"u8]),
    ("a program, as a picture", [.. "PK"u8, 3, 4]),
    ("a GIF", [.. "GIF89a"u8, .. new byte[100]]),
];
string[] paths =
[
    "/api/uploads/..%2f..%2f..%2fetc%2fpasswd", "/api/uploads/%2e%2e/%2e%2e/address.json", "/api/jobs/..%2f..%2faddress.json/files/x",
    "/api/jobs/00000000-000000-00000000/files/..%2fjob.json", "/pages/..%5c..%5caddress.json", "/pages/%00",
];
int refused = 0, missing = 0, cut = 0;
List<string> wrong = [];
Task[] listeners = [.. Enumerable.Range(0, clients).Select(_ => Listen())];
var clock = Stopwatch.StartNew();
await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = clients }, async (i, _) =>
{
    (string name, byte[] bytes) = files[i % files.Length];
    try
    {
        using HttpResponseMessage answer = await client.PostAsync(
            $"/api/uploads?kind=picture&name=..%2f..%2f{i}%00.png", new ByteArrayContent(bytes));
        bool isRefused = answer.StatusCode is HttpStatusCode.UnsupportedMediaType or HttpStatusCode.RequestEntityTooLarge;
        Count(isRefused, ref refused, $"{name}: {answer.StatusCode}");
    }
    catch (HttpRequestException)
    {
        // More than is taken is cut off while it is still being sent.
        Interlocked.Increment(ref cut);
    }

    using HttpResponseMessage found = await client.GetAsync(paths[i % paths.Length]);
    bool isMissing = found.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest;
    Count(isMissing, ref missing, $"{paths[i % paths.Length]}: {found.StatusCode}");
    var values = new Dictionary<string, string> { ["SAMPLE"] = "../../../etc/passwd", ["prompt"] = new('x', 5000) };
    using HttpResponseMessage job = await client.PostAsJsonAsync("/api/jobs", new { kind = "edit", values });
    Count(job.StatusCode == HttpStatusCode.BadRequest, ref refused, $"a job: {job.StatusCode}");
});
double seconds = clock.Elapsed.TotalSeconds;
bool lives = Directory.Exists($"/proc/{process}") && (await client.GetAsync("/api/jobs")).IsSuccessStatusCode;
long peak = Memory("VmHWM");
Console.WriteLine($"{count} uploads, {count} paths, {count} jobs from {clients} clients beside {clients} that listen, {seconds:0.0} s");
Console.WriteLine($"{refused} refused, {cut} cut off, {missing} not found; memory {before / 1e6:0} MB before, {peak / 1e6:0} MB at most");
if (!lives)
{
    wrong.Add("the studio has ended");
}

if (peak - before > 1_000_000_000)
{
    wrong.Add("it grew by more than a gigabyte");
}

if (!around.SequenceEqual(Entries(work)) || !kept.SequenceEqual(Entries(Path.Combine(work, "studio", "uploads"))))
{
    wrong.Add("files were left");
}

foreach (string text in wrong.Distinct())
{
    Console.WriteLine($"WRONG {text}");
}

return wrong.Count == 0 ? 0 : 1;

static string[] Entries(string folder) => [.. Directory.GetFileSystemEntries(folder).Order(StringComparer.Ordinal)];

// Linux only.
long Memory(string name)
{
    string line = File.ReadLines($"/proc/{process}/status").Single(l => l.StartsWith(name, StringComparison.Ordinal));
    return 1024 * long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]);
}

void Count(bool isSo, ref int counted, string otherwise)
{
    if (isSo)
    {
        Interlocked.Increment(ref counted);
        return;
    }

    lock (wrong)
    {
        wrong.Add(otherwise);
    }
}

async Task Listen()
{
    try
    {
        using Stream stream = await client.GetStreamAsync("/api/events");
        await stream.CopyToAsync(Stream.Null);
    }
    catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
    {
        // The studio has ended, or this program.
    }
}

byte[] Sized(int width, int height)
{
    byte[] png = [.. good];
    BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width);
    BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
    BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Checksum(png.AsSpan(12, 17)));
    return png;
}

byte[] Spoilt(byte[] png)
{
    byte[] spoilt = [.. png];
    new Random(1).NextBytes(spoilt.AsSpan(spoilt.Length / 3, spoilt.Length / 3));
    return spoilt;
}

// Grey, of one bit a pixel.
static byte[] Black(int side)
{
    using var packed = new MemoryStream();
    using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
    {
        byte[] row = new byte[1 + (side / 8)];
        for (int i = 0; i < side; i++)
        {
            zlib.Write(row);
        }
    }

    byte[] header = new byte[13];
    BinaryPrimitives.WriteInt32BigEndian(header, side);
    BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), side);
    header[8] = 1;
    return [0x89, .. "PNG"u8, 13, 10, 26, 10, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, [])];
}

static byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
{
    byte[] chunk = [0, 0, 0, 0, .. type, .. data, 0, 0, 0, 0];
    BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
    BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Checksum(chunk.AsSpan(4, 4 + data.Length)));
    return chunk;
}

// CRC-32 as PNG has it.
static uint Checksum(ReadOnlySpan<byte> bytes)
{
    uint sum = uint.MaxValue;
    foreach (byte b in bytes)
    {
        sum ^= b;
        for (int i = 0; i < 8; i++)
        {
            sum = (sum & 1) == 1 ? (sum >> 1) ^ 0xEDB88320 : sum >> 1;
        }
    }

    return ~sum;
}
