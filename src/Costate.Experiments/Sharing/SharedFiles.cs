namespace Costate.Experiments.Sharing;

/// <summary>
/// What processes that share a folder ask of its file system: that of several who create a file one does, and that a file is replaced at
/// once.
/// </summary>
internal static class SharedFiles
{
    /// <summary>What a name begins with that has nothing to say to others.</summary>
    internal const char Aside = '-';

    private const int Writers = 4;
    private const int Rounds = 20;

    // EEXIST and ERROR_FILE_EXISTS, as .NET tells them.
    private const int UnixExists = 17;
    private const int WindowsExists = unchecked((int)0x80070050);

    /// <summary>Creates a file, if it is not there.</summary>
    /// <returns>Whether it was this call that created it; not where its folder has gone meanwhile either.</returns>
    internal static bool TryCreate(string path, byte[] contents)
    {
        try
        {
            // Shared with all: a reader's lock shall not make it look as if another had created it.
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            file.Write(contents);
            return true;
        }
        catch (IOException e) when (
            e is DirectoryNotFoundException or FileNotFoundException || e.HResult is UnixExists or WindowsExists || File.Exists(path))
        {
            // What it says and not only what is there now: the file may have gone since, with its folder.
            return false;
        }
    }

    /// <summary>Deletes a folder with all that is in it, where others may just be creating a file.</summary>
    internal static void Delete(string folder)
    {
        for (int round = 1; Directory.Exists(folder); round++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException) when (round < Rounds)
            {
                Thread.Sleep(round);
            }
        }
    }

    /// <summary>The contents of a file that others may write to meanwhile; null if it is not there.</summary>
    internal static byte[]? Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[file.Length];
            return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Tries both on a folder.</summary>
    /// <param name="folder">As the user knows it.</param>
    /// <param name="place">A folder in it that can be written to.</param>
    /// <param name="create">How a file is created; as above if null.</param>
    /// <param name="replace">How one takes the place of another; by a rename if null.</param>
    /// <exception cref="InvalidDataException">The file system does not keep one of them.</exception>
    internal static void Check(
        string folder, string place, Func<string, byte[], bool>? create = null, Action<string, string>? replace = null)
    {
        create ??= TryCreate;
        replace ??= (from, to) => File.Move(from, to, overwrite: true);
        place = Directory.CreateDirectory(Path.Combine(place, $"{Aside}{Path.GetRandomFileName()}")).FullName;
        try
        {
            int created = 0;
            Thread[] writers = [.. Enumerable.Range(0, Writers).Select(_ => Started(() =>
            {
                for (int file = 0; file < Rounds; file++)
                {
                    Interlocked.Add(ref created, create(Path.Combine(place, $"{file}"), [1]) ? 1 : 0);
                }
            }))];
            Array.ForEach(writers, thread => thread.Join());
            if (created != Rounds)
            {
                throw Unfit(folder, $"{Writers} that created the same {Rounds} files were told {created} times that a file was theirs");
            }

            RequireReplacement(folder, Path.Combine(place, "kept"), replace);
        }
        finally
        {
            Delete(place);
        }
    }

    private static void RequireReplacement(string folder, string path, Action<string, string> replace)
    {
        File.WriteAllBytes(path, [0]);
        bool stop = false, missed = false;
        Thread reader = Started(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                try
                {
                    missed |= Read(path) is not [_];
                }
                catch (IOException)
                {
                    missed = true;
                }

                // Not without a pause: what it looks at would wait for it where there are few cores.
                Thread.Sleep(1);
            }
        });
        bool placed = true;
        for (byte round = 1; round <= Rounds && placed; round++)
        {
            string next = path + ".next";
            File.WriteAllBytes(next, [round]);
            replace(next, path);
            placed = Read(path) is [byte there] && there == round && !File.Exists(next);
        }

        Volatile.Write(ref stop, true);
        reader.Join();
        if (!placed || missed)
        {
            throw Unfit(
                folder,
                placed
                    ? "a file that is replaced by a rename is missing meanwhile"
                    : "a file that was renamed over another is not in its place");
        }
    }

    private static Thread Started(ThreadStart run)
    {
        var thread = new Thread(run) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private static InvalidDataException Unfit(string folder, string finding) => new(
        $"The folder '{folder}' cannot be shared: {finding}. Expected a file system that creates files exclusively and renames them "
            + "atomically, as local ones and NFS do. Give another folder, or a folder for each of N parts and merge them.");
}
