using Costate.Studio.Access;
using Costate.Studio.Forms;
using Costate.Studio.Uploads;
using Costate.Testing;

namespace Costate.Processes.Tests.Documentation;

/// <summary>The C# that the studio shows beside its jobs.</summary>
internal static class StudioCode
{
    // A picture of one pixel.
    private const string Dot =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    // Of each form the choices that make other code.
    private static readonly (string Kind, string Filled)[] Variants =
    [
        ("sample", "negative=a \\ \"hat\",guidance-scale=2"),
        ("sample", "solver=ddpm"),
        ("edit", "SAMPLE=PICTURE,strength=0.5"),
        ("edit", "SAMPLE=PICTURE,by=face,condition-from=PICTURE"),
        ("guide", "IMAGE=PICTURE,mask=PICTURE"),
        ("guide", "IMAGE=PICTURE,task=super-resolution,method=tfg"),
        ("guide", "IMAGE=PICTURE,task=deblur,method=universal"),
        ("guide", "IMAGE=PICTURE,task=identity,method=freedom"),
        ("guide", "IMAGE=PICTURE,task=prompt,method=lgd-mc"),
        ("guide", "IMAGE=PICTURE,task=custom-torchscript-loss,loss=PROGRAM,method=mpgd"),
        ("guide", "IMAGE=PICTURE,task=inpaint,lookahead=4,samples=2,seed=3"),
        ("guide", "IMAGE=PICTURE,task=deblur,method=greedy,lookahead=all"),
        ("guide", "IMAGE=PICTURE,task=identity,method=end-to-end,optimise=code,iterations=5,all-steps=4"),
        ("guide", "IMAGE=PICTURE,task=prompt,method=end-to-end"),
        ("guide", "IMAGE=PICTURE,task=super-resolution,method=greedy-dim,iterations=3"),
        ("guide", "IMAGE=PICTURE,task=custom-torchscript-loss,loss=PROGRAM,method=red-diff"),
        ("guide", "IMAGE=PICTURE,task=inpaint,method=flowgrad"),
        ("guide", "IMAGE=PICTURE,task=identity,method=oc-flow"),
        ("morph", "A=PICTURE,B=PICTURE,optimise=noise,optimiser=l-bfgs"),
        ("gradient", "method=adjoint-deis:2,solver=sde-dpm++2m"),
        ("gradient", "by=your own,loss=PROGRAM,method=revolve:8"),
        ("study", ""),
    ];

    internal static IEnumerable<string> All()
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.FullName, new StudioLimits(), () => 0);
        using var face = new MemoryStream(Convert.FromBase64String(Dot));
        using var archive = new MemoryStream("PK\x03\x04"u8.ToArray());
        string picture = uploads.Receive(face, UploadKind.Picture, default).GetAwaiter().GetResult();
        string program = uploads.Receive(archive, UploadKind.Program, default).GetAwaiter().GetResult();
        foreach ((string kind, string filled) in Variants)
        {
            Dictionary<string, string> values = filled.Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(part => part.Replace("PICTURE", picture, StringComparison.Ordinal)
                    .Replace("PROGRAM", program, StringComparison.Ordinal))
                .ToDictionary(
                    part => part[..part.IndexOf('=', StringComparison.Ordinal)],
                    part => part[(part.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            StudioForm form = StudioForms.Named(kind);
            yield return form.Code(form.Read(values, uploads, new()));
        }
    }
}
