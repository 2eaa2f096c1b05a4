using Costate.Testing;
using k8s;
using k8s.Models;

namespace Costate.Processes.Tests.Deployment;

/// <summary>The manifests of deploy/kubernetes, as the types of the API read them, which know every field.</summary>
public sealed class ManifestTests
{
    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Repository.PathTo("deploy", "kubernetes"), "*.yaml").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Files))]
    public void Fields_AreThoseOfTheApi(string file) =>
        Assert.All(Read(file), each => Assert.True(each is V1Job or V1PersistentVolumeClaim, $"{each}"));

    // A control: a field that is misspelt is an error, not silence.
    [Fact]
    public void UnknownField_IsRefused()
    {
        string text = Text("job-cpu.yaml");
        Assert.ThrowsAny<Exception>(() => Read(text.Replace("completionMode", "completionsMode", StringComparison.Ordinal), strict: true));
        Assert.ThrowsAny<Exception>(() => Read(text.Replace("runAsNonRoot", "runAsNoRoot", StringComparison.Ordinal), strict: true));
    }

    [Fact]
    public void Jobs_AreOfAllParts_AndNotOfRoot()
    {
        V1Job[] jobs = [.. Files.SelectMany(file => Read(file.Data)).OfType<V1Job>()];
        Assert.Equal(3, jobs.Length);
        Assert.All(jobs, job =>
        {
            V1PodSpec pod = job.Spec.Template.Spec;
            V1Container container = Assert.Single(pod.Containers);
            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
            Assert.Contains(container.VolumeMounts, mount => mount.MountPath == "/results");
            Assert.Equal("costate-results", pod.Volumes.Single(volume => volume.Name == "results").PersistentVolumeClaim.ClaimName);
        });

        V1Job parts = jobs.Single(job => job.Metadata.Name == "costate");
        IList<string> args = parts.Spec.Template.Spec.Containers[0].Args;
        Assert.Equal("Indexed", parts.Spec.CompletionMode);
        Assert.Equal($"auto/{parts.Spec.Completions}", args[args.IndexOf("--shard") + 1]);
        Assert.EndsWith("$(JOB_COMPLETION_INDEX)", args[args.IndexOf("--output") + 1], StringComparison.Ordinal);

        V1Container gpu = jobs.Single(job => job.Metadata.Name == "costate-gpu").Spec.Template.Spec.Containers[0];
        Assert.Equal("1", gpu.Resources.Limits["nvidia.com/gpu"].ToString());
        Assert.Equal("cuda", gpu.Args[gpu.Args.IndexOf("--device") + 1]);
    }

    private static string Text(string file) => File.ReadAllText(Repository.PathTo("deploy", "kubernetes", file));

    private static List<object> Read(string file) => Read(Text(file), strict: true);

    private static List<object> Read(string text, bool strict) => KubernetesYaml.LoadAllFromString(text, typeMap: null, strict);
}
