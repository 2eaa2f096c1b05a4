using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Keeps a <see cref="NoiseState"/> (an inverted sample) in a safetensors file, to be decoded another day.</summary>
/// <remarks>
/// <para>
/// Tensors <c>state.0</c>, <c>state.1</c>, <c>remainder.0</c>, <c>remainder.1</c> and <c>noise_vectors</c>, those that the state has, bit
/// for bit, and <c>condition</c> where one is kept. The metadata has, under names that begin with <c>noise_state.</c>, the version of this
/// form, the number of states, the dtype of samples and every setting; the caller's remarks stand beside them.
/// </para>
/// <para>
/// The file does not hold the network, but its fingerprint where the denoiser has one. <c>Sampler.Sample</c> of a state that was read
/// refuses other settings than those it was made under, and says which differ.
/// </para>
/// </remarks>
public static class NoiseStateFile
{
    private const string Prefix = "noise_state.";
    private const string VersionKey = Prefix + "version";
    private const string StatesKey = Prefix + "states";
    private const string DtypeKey = Prefix + "dtype";
    private const string SettingPrefix = Prefix + "setting.";
    private const string NoiseVectors = "noise_vectors";
    private const string ConditionName = "condition";
    private const int Version = 2;

    /// <summary>Writes a state to a file, which appears complete or not at all.</summary>
    /// <param name="path">The file; an existing one is replaced. Its folder must exist.</param>
    /// <param name="state">The state; neither changed nor disposed.</param>
    /// <param name="remarks">Text of your own about it, which becomes part of the file's metadata.</param>
    /// <param name="condition">The condition that the sample was inverted under, [batch, ...] or [1, ...], to be kept beside the state;
    /// none if null.</param>
    /// <param name="cancellationToken">Ends the write; the file is then as it was before.</param>
    /// <exception cref="ArgumentException">The condition is for another number of items, a remark's name begins with <c>noise_state.</c>,
    /// or the state cannot be written.</exception>
    /// <exception cref="SafetensorsException">The folder does not exist, or the file system refused the write.</exception>
    /// <exception cref="OperationCanceledException">The write was cancelled.</exception>
    public static void Write(
        string path,
        NoiseState state,
        IReadOnlyDictionary<string, string>? remarks = null,
        Tensor? condition = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        IReadOnlyList<Tensor> states = state is ReversibleNoise { States: var two } ? two : [state.Start];
        var tensors = states.Select((tensor, i) => KeyValuePair.Create(StateName(i), tensor)).ToDictionary();
        foreach ((int i, Tensor remainder) in (state as ReversibleNoise)?.Remainders?.Index() ?? [])
        {
            tensors.Add(RemainderName(i), remainder);
        }

        if (state is EncodedNoise encoded)
        {
            tensors.Add(NoiseVectors, encoded.Vectors);
        }

        if (condition is not null)
        {
            tensors.Add(ConditionName, FitsBatch(condition.shape, state.Start.shape[0])
                ? condition
                    : throw new ArgumentException(
                        $"Got a condition of shape [{string.Join(", ", condition.shape)}] for a batch of {state.Start.shape[0]}; "
                            + $"expected [{state.Start.shape[0]}, ...], or [1, ...] for all items alike.",
                        nameof(condition)));
        }

        var metadata = new Dictionary<string, string>
        {
            [VersionKey] = Version.ToString(CultureInfo.InvariantCulture),
            [StatesKey] = states.Count.ToString(CultureInfo.InvariantCulture),
            [DtypeKey] =
                SafetensorsDtype.Find(state.Dtype)?.Name
                ?? throw new ArgumentException(
                    $"Got a state for samples of {state.Dtype}; expected a floating-point dtype that safetensors knows.",
                    nameof(state)),
        };
        foreach ((string name, string value) in state.Settings)
        {
            metadata[SettingPrefix + name] = value;
        }

        foreach ((string name, string value) in remarks ?? new Dictionary<string, string>())
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                throw new ArgumentException(
                    $"Got a remark named {ErrorText.Quote(name)}; names that begin with {Prefix} are the file's own. Choose another.",
                    nameof(remarks));
            }

            metadata[name] = value;
        }

        SafetensorsFile.Write(path, tensors, metadata, cancellationToken: cancellationToken);
    }

    /// <summary>Reads a state.</summary>
    /// <param name="path">A file that <see cref="Write"/> wrote.</param>
    /// <param name="device">Where its tensors are to be. The default is the CPU.</param>
    /// <returns>The state, in the caller's dispose scope.</returns>
    /// <exception cref="SafetensorsException">There is no such file, or it is damaged.</exception>
    /// <exception cref="InvalidDataException">The file holds no state, one of a later version, or lacks a part; the message says
    /// which.</exception>
    public static NoiseState Read(string path, Device? device = null) => Read(path, out _, device);

    /// <summary>Reads a state and the remarks beside it.</summary>
    /// <param name="path">A file that <see cref="Write"/> wrote.</param>
    /// <param name="remarks">The remarks that it was written with.</param>
    /// <param name="device">Where its tensors are to be. The default is the CPU.</param>
    /// <inheritdoc cref="Read(string, Device?)"/>
    public static NoiseState Read(string path, out IReadOnlyDictionary<string, string> remarks, Device? device = null)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        CheckVersion(path, file.Metadata);
        int count = Metadata(path, file, StatesKey) switch
        {
            "1" => 1,
            "2" => 2,
            string other => throw Damaged(path, $"{StatesKey} is {ErrorText.Quote(other)}", "1 or 2"),
        };
        string dtypeName = Metadata(path, file, DtypeKey);
        if (SafetensorsDtype.Find(dtypeName)?.Dtype is not { } dtype || !is_floating_point(dtype))
        {
            throw Damaged(path, $"{DtypeKey} is {ErrorText.Quote(dtypeName)}", "the name of a floating-point dtype, such as F32");
        }

        var settings = file.Metadata
            .Where(entry => entry.Key.StartsWith(SettingPrefix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key[SettingPrefix.Length..], entry => entry.Value);
        if (settings.Count == 0)
        {
            throw Damaged(path, "it has no settings", $"metadata such as {SettingPrefix}solver");
        }

        remarks = file.Metadata.Where(entry => !entry.Key.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary();
        return ReadTensors(path, file, count, dtype, settings, device ?? CPU);
    }

    /// <summary>Reads the condition that is kept beside a state.</summary>
    /// <param name="path">A file that <see cref="Write"/> wrote.</param>
    /// <returns>The condition, [batch, ...] or [1, ...], on the CPU in the caller's dispose scope; null where the file has none.</returns>
    /// <exception cref="SafetensorsException">There is no such file, or it is damaged.</exception>
    /// <exception cref="InvalidDataException">The file holds no state, or its condition is for another number of items or has NaN or
    /// infinity.</exception>
    public static Tensor? ReadCondition(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        CheckVersion(path, file.Metadata);
        if (!file.Names.Contains(ConditionName))
        {
            return null;
        }

        SafetensorsTensorInfo info = file.Info(ConditionName);
        if (
            !file.Names.Contains(StateName(0))
            || file.Info(StateName(0)).Shape is not [long batch, ..]
            || !FitsBatch([.. info.Shape], batch))
        {
            throw Damaged(path, $"{ConditionName} is {info}", $"one for the items of {StateName(0)}");
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor condition = file.Read(ConditionName);
        return !condition.is_floating_point() || condition.isfinite().all().item<bool>()
            ? condition.MoveToOuterDisposeScope()
            : throw Damaged(path, $"{ConditionName} has NaN or infinity", "finite numbers");
    }

    private static NoiseState ReadTensors(
        string path, SafetensorsFile file, int count, ScalarType dtype, Dictionary<string, string> settings, Device device)
    {
        string[] expected = [.. Enumerable.Range(0, count).Select(StateName)];
        if (expected.FirstOrDefault(name => !file.Names.Contains(name)) is string missing)
        {
            throw Damaged(path, $"it has no tensor {missing}", $"{count} states");
        }

        string[] possible = count == 2 ? [.. Enumerable.Range(0, count).Select(RemainderName)] : [NoiseVectors];
        string[] remainderNames = [.. possible.Where(file.Names.Contains).Where(name => name != NoiseVectors)];
        if (
            file.Names.FirstOrDefault(name =>
                name is not ConditionName && !expected.Contains(name) && !possible.Contains(name))
            is string odd)
        {
            throw Damaged(
                path,
                $"it has a tensor {ErrorText.Quote(odd)}",
                $"{string.Join(", ", expected)} and perhaps {string.Join(", ", possible)}, {ConditionName}");
        }

        if (remainderNames.Length is not 0 && remainderNames.Length != count)
        {
            throw Damaged(path, $"it has {remainderNames.Length} remainder of {count} states", "one for each, or none");
        }

        long[] shape = [.. file.Info(expected[0]).Shape];
        bool hasVectors = file.Names.Contains(NoiseVectors);
        foreach (string name in (string[])[.. expected, .. remainderNames])
        {
            CheckShape(path, file, name, 0, shape);
        }

        if (hasVectors)
        {
            CheckShape(path, file, NoiseVectors, 1, shape);
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor[] states = [.. expected.Select(Stored)];
        Tensor[]? remainders = remainderNames.Length > 0 ? [.. remainderNames.Select(Stored)] : null;
        Tensor? vectors = hasVectors ? Stored(NoiseVectors) : null;
        (string, Tensor)[] all =
        [
            .. expected.Zip(states),
            .. remainderNames.Zip(remainders ?? []),
            .. vectors is null ? [] : ((string, Tensor)[])[(NoiseVectors, vectors)],
        ];
        foreach ((string name, Tensor tensor) in all)
        {
            if (!tensor.isfinite().all().item<bool>())
            {
                throw Damaged(path, $"{name} has NaN or infinity", "finite numbers");
            }
        }

        if (remainders is not null && remainders.Any(remainder => remainder.dtype != states[0].dtype))
        {
            throw Damaged(
                path,
                $"{remainderNames[0]} is {file.Info(remainderNames[0])}",
                $"the dtype of {expected[0]}, which is {file.Info(expected[0])}");
        }

        foreach ((_, Tensor tensor) in all)
        {
            tensor.MoveToOuterDisposeScope();
        }

        return count == 2 ? new ReversibleNoise(states, remainders, dtype, settings)
            : vectors is null ? new InvertedNoise(states[0], dtype, settings)
            : new EncodedNoise(states[0], vectors, dtype, settings);

        Tensor Stored(string name) => file.Read(name).to(device);
    }

    private static void CheckShape(string path, SafetensorsFile file, string name, int leading, long[] shape)
    {
        SafetensorsTensorInfo info = file.Info(name);
        if (
            info.Dtype is not { } dtype
            || !is_floating_point(dtype)
            || shape.Length == 0
            || info.Shape.Count != shape.Length + leading
            || !info.Shape.Skip(leading).SequenceEqual(shape))
        {
            throw Damaged(
                path,
                $"{name} is {info}",
                "floating-point numbers of shape "
                    + $"[{(leading > 0 ? "steps, " : "")}{(shape.Length == 0 ? "batch, ..." : string.Join(", ", shape))}]");
        }
    }

    private static bool FitsBatch(long[] shape, long batch) => shape.Length > 0 && (shape[0] == batch || shape[0] == 1);

    private static void CheckVersion(string path, IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(VersionKey, out string? text))
        {
            throw new InvalidDataException(
                $"Cannot read a noise state from '{path}': its metadata has no {VersionKey}; expected a file that "
                    + $"{nameof(NoiseStateFile)}.{nameof(Write)} wrote. Other safetensors files hold tensors alone.");
        }

        if (text != Version.ToString(CultureInfo.InvariantCulture))
        {
            throw new InvalidDataException(
                $"Cannot read a noise state from '{path}': it is of version {ErrorText.Quote(text)}; expected {Version}. "
                    + "Use the version of Costate that wrote it, or invert again.");
        }
    }

    private static string Metadata(string path, SafetensorsFile file, string key) =>
        file.Metadata.TryGetValue(key, out string? value)
            ? value
            : throw Damaged(path, $"its metadata has no {key}", "it beside the version");

    private static string StateName(int i) => $"state.{i.ToString(CultureInfo.InvariantCulture)}";

    private static string RemainderName(int i) => $"remainder.{i.ToString(CultureInfo.InvariantCulture)}";

    private static InvalidDataException Damaged(string path, string got, string expected) =>
        new($"Cannot read a noise state from '{path}': {got}; expected {expected}. The file is damaged or incomplete: invert again.");
}
