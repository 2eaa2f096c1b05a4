using Costate.Studio.Access;
using Costate.Studio.Forms;
using Costate.Studio.Uploads;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Processes.Tests.Documentation;

/// <summary>The C# that the studio shows beside a job, and the job: they draw the same picture.</summary>
[LongProof]
public sealed class StudioCodeTests
{
    // Of each method, and of each task, at least one.
    private static readonly string[] Guided =
    [
        "task=inpaint,method=end-to-end,all-steps=3,iterations=3",
        "task=identity,method=end-to-end,optimise=code,all-steps=2,iterations=3",
        "task=deblur,method=flowgrad,all-steps=3,iterations=2",
        "task=identity,method=oc-flow,all-steps=3,iterations=2",
        "task=super-resolution,method=greedy,steps=4",
        "task=deblur,method=greedy,steps=4,lookahead=2,seed=5",
        "task=inpaint,method=greedy,steps=3,lookahead=all",
        "task=identity,method=greedy,steps=3",
        "task=deblur,method=greedy-dim,steps=3,iterations=3",
        "task=super-resolution,method=red-diff,steps=5",
        "task=inpaint,method=dps,steps=4,strength=30",
        "task=identity,method=freedom,steps=2",
        "task=deblur,method=lgd-mc,steps=3",
        "task=deblur,method=mpgd,steps=3",
        "task=super-resolution,method=universal,steps=2",
        "task=inpaint,method=tfg,steps=2",
        "task=inpaint,method=unguided,steps=3",
        "task=prompt,method=greedy,steps=2,prompt=a person with \"red\" hair",
        "task=prompt,method=red-diff,steps=2,prompt=glasses",
    ];

    [Fact]
    public async Task Guide_DrawsTheSamePicture()
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.PathTo("uploads"), new StudioLimits(), () => 0);
        using FileStream face = File.OpenRead(Repository.PathTo("src", "Costate.Faces", "Examples", "a.png"));
        string picture = await uploads.Receive(face, UploadKind.Picture, TestContext.Current.CancellationToken);
        StudioForm form = StudioForms.Named("guide");
        FormValues[] jobs =
        [
            .. Guided.Select(filled => form.Read(
                filled.Split(',').Append($"IMAGE={picture}").Select(part => part.Split('=')).ToDictionary(part => part[0], part => part[1]),
                uploads,
                new ComputingChoice(Threads: 1))),
        ];
        Run(folder, [.. jobs.Select(job => (form.Code(job), job.Arguments))]);
        foreach ((int i, FormValues job) in jobs.Index())
        {
            string output = folder.PathTo($"{i}");
            using var expected = SKBitmap.Decode(Path.Combine(output, "result.png"));
            using var drawn = SKBitmap.Decode(Path.Combine(output, "guided-1.png"));
            int apart = expected.Pixels.Zip(drawn.Pixels, (a, b) =>
                Math.Max(Math.Abs(a.Red - b.Red), Math.Max(Math.Abs(a.Green - b.Green), Math.Abs(a.Blue - b.Blue)))).Max();

            // Sums in another order may round a pixel to its neighbour.
            Assert.True(apart <= 1, $"{job.CommandLine}: {apart} of 255 apart");
        }
    }

    [Fact]
    public void EveryMethod_IsDrawnWith() => Assert.Empty(
        StudioForms.Named("guide").Fields.Single(field => field.Name == "method").Choices
            .Except(Guided.Select(filled => filled.Split(',')[1]["method=".Length..])));

    // All in one program, each in a folder of its own: the code, and the tool.
    private static void Run(TemporaryFolder folder, IReadOnlyList<(string Code, IReadOnlyList<string> Arguments)> jobs)
    {
        foreach ((int i, (string code, IReadOnlyList<string> arguments)) in jobs.Index())
        {
            Directory.CreateDirectory(folder.PathTo($"{i}"));
            folder.Write($"{i}/arguments.txt", string.Join('\n', arguments));
            string[] lines = code.Split('\n');
            folder.Write($"code_{i}.cs", $$"""
                {{string.Join('\n', lines.TakeWhile(IsUsing))}}

                internal static class Code_{{i}}
                {
                    internal static void Run()
                    {
                {{string.Join('\n', lines.SkipWhile(IsUsing))}}
                    }
                }
                """);
        }

        folder.Write("main.cs", $$"""
            TorchSharp.torch.set_num_threads(1);
            var tool = System.Reflection.Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, "Costate.Cli.dll")).EntryPoint!;
            void Both(int job, Action code)
            {
                Directory.SetCurrentDirectory(Path.Combine(args[0], $"{job}"));
                code();
                string[] line = [.. File.ReadAllLines("arguments.txt"), "--output", "."];
                if (tool.Invoke(null, [line]) is not 0)
                {
                    throw new InvalidOperationException(string.Join(' ', line));
                }
            }

            {{string.Join('\n', jobs.Select((_, i) => $"Both({i}, Code_{i}.Run);"))}}
            """);
        string program = Path.Combine(AppContext.BaseDirectory, $"studio-{Guid.NewGuid():N}.dll");
        try
        {
            CSharpCompiler.Compile(program, Directory.GetFiles(folder.FullName, "*.cs"), "-warn:0");
            string settings = Path.Combine(AppContext.BaseDirectory, typeof(StudioCodeTests).Assembly.GetName().Name!);
            string[] host = ["--depsfile", $"{settings}.deps.json", "--runtimeconfig", $"{settings}.runtimeconfig.json"];
            (int exitCode, string output) = Dotnet.Run(
                folder.FullName, TimeSpan.FromMinutes(5), ["exec", .. host, program, folder.FullName]);
            Assert.True(exitCode == 0, output);
        }
        finally
        {
            File.Delete(program);
        }
    }

    private static bool IsUsing(string line) => line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';');
}
