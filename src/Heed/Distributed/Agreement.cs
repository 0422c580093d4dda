using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Heed.Distributed;

/// <summary>Finds at the start what must be the same on all ranks and is not: versions, model files, options.</summary>
public static class Agreement
{
    private const int EndBytes = 1 << 20, StretchBytes = 1 << 16, Stretches = 64, ShownDigits = 16;

    /// <summary>The version of this library, which ranks should have in common.</summary>
    public static string Version { get; } =
        typeof(Agreement).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Collective: compares the values of all ranks; the library's <see cref="Version"/> is always among them.</summary>
    /// <param name="ranks">Those who shall agree.</param>
    /// <param name="facts">Names, different ones, and values.</param>
    /// <exception cref="CommunicationException">They differ; thrown on all ranks, with each value and the ranks that have it.</exception>
    public static void Check(ICommunicator ranks, params IReadOnlyList<(string Name, string Value)> facts)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        ArgumentNullException.ThrowIfNull(facts);
        (string Name, string Value)[][] all = Gather(ranks, [("Heed's version", Version), .. facts]);
        List<string> differences = [];
        foreach (string name in all.SelectMany(rank => rank).Select(fact => fact.Name).Distinct(StringComparer.Ordinal))
        {
            string[] values = Array.ConvertAll(all, rank => Array.Find(rank, fact => fact.Name == name).Value ?? "nothing");
            if (Array.Exists(values, value => value != values[0])) differences.Add(Describe(name, values));
        }
        if (differences.Count > 0) throw new CommunicationException($"The ranks differ: {string.Join("; ", differences)}.");
    }

    /// <summary>A file's length and a hash of its first and last MiB and of 64 stretches of 64 KiB between them; of a folder, that of its files with their names;
    /// "absent" where nothing is.</summary>
    /// <param name="path">A file or a folder.</param>
    public static string OfFile(string path)
    {
        if (Directory.Exists(path))
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            string[] files = Directory.GetFiles(path);
            Array.Sort(files, StringComparer.Ordinal);
            foreach (string file in files) hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(file)} {OfFile(file)}\n"));
            return $"{files.Length} files, {Short(hash.GetHashAndReset())}";
        }
        if (!File.Exists(path)) return "absent";
        using FileStream stream = File.OpenRead(path);
        return string.Create(CultureInfo.InvariantCulture, $"{stream.Length} bytes, {Short(HashOfStretches(stream))}");
    }

    // Model files may be too long to read twice, and those of one shape often differ in all their numbers but not in their first.
    private static byte[] HashOfStretches(FileStream stream)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[StretchBytes];
        long between = stream.Length - (2L * EndBytes);
        if (between <= (long)Stretches * StretchBytes) Append(0, stream.Length);
        else
        {
            Append(0, EndBytes);
            for (int i = 0; i < Stretches; i++) Append(EndBytes + ((between - StretchBytes) * i / (Stretches - 1)), StretchBytes);
            Append(stream.Length - EndBytes, EndBytes);
        }
        return hash.GetHashAndReset();

        void Append(long start, long count)
        {
            stream.Position = start;
            for (; count > 0; count -= StretchBytes)
            {
                Span<byte> some = buffer.AsSpan(0, (int)Math.Min(count, StretchBytes));
                stream.ReadExactly(some);
                hash.AppendData(some);
            }
        }
    }

    private static string Short(byte[] hash) => Convert.ToHexStringLower(hash)[..ShownDigits];

    private static (string Name, string Value)[][] Gather(ICommunicator ranks, (string Name, string Value)[] facts)
    {
        byte[] own = Encoding.UTF8.GetBytes(string.Join('\0', facts.Select(fact => $"{fact.Name}\0{fact.Value}")));
        int[] lengths = new int[ranks.Size];
        ranks.AllGather<int>([own.Length], lengths);
        int longest = lengths.Max();
        byte[] part = new byte[longest], all = new byte[longest * ranks.Size];
        own.CopyTo(part, 0);
        ranks.AllGather<byte>(part, all);
        return [.. lengths.Select((length, rank) => Encoding.UTF8.GetString(all, rank * longest, length).Split('\0').Chunk(2).Select(pair => (pair[0], pair[1])).ToArray())];
    }

    private static string Describe(string name, string[] values) =>
        $"{name} is " + string.Join(" and ", values.Select((value, rank) => (value, rank)).GroupBy(one => one.value, StringComparer.Ordinal)
            .Select(group => $"'{group.Key}' on {(group.Count() == 1 ? "rank" : "ranks")} {string.Join(", ", group.Select(one => one.rank))}"));
}
