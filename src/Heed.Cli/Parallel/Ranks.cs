using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Heed.Distributed;

namespace Heed.Cli.Parallel;

/// <summary>The processes that mpirun started for one command, all of which run it: the first one talks, the others follow. Without mpirun one process.</summary>
internal sealed class Ranks : IDisposable
{
    private static readonly HashSet<string> s_shared = ["heed complete", "heed chat", "heed bench", "heed train"];

    private Ranks(ICommunicator world) => World = world;

    /// <summary>All of them.</summary>
    public ICommunicator World { get; }

    /// <summary>How many there are.</summary>
    public int Count => World.Size;

    /// <summary>Whether mpirun or the like started them, be it one.</summary>
    public bool AreLaunched { get; } = Communicators.IsLaunched;

    /// <summary>Whether there are others.</summary>
    public bool AreSeveral => World.Size > 1;

    /// <summary>Whether this is the one that reads standard input and writes to standard output and to files.</summary>
    public bool Talks => World.Rank == 0;

    /// <summary>Finds the others, if mpirun or the like started this process.</summary>
    /// <exception cref="CommunicationException">MPI cannot be used, or they were started with other arguments, or are of another version.</exception>
    public static Ranks Join(string[] arguments)
    {
        ICommunicator world = Communicators.World();
        try
        {
            if (world.Size > 1) Agreement.Check(world, ("the command line", string.Join(' ', arguments)));
            return new Ranks(world);
        }
        catch
        {
            world.Dispose();
            throw;
        }
    }

    /// <summary>Whether a command works in several processes.</summary>
    public static bool Shares(string command) => s_shared.Contains(command);

    /// <summary>The first rank's text on all ranks; null stays null.</summary>
    /// <param name="read">Read by the first rank alone.</param>
    public string? Share(Func<string?> read)
    {
        if (!AreSeveral) return read();
        byte[]? bytes = Talks && read() is { } text ? Encoding.UTF8.GetBytes(text) : null;
        int[] length = [bytes?.Length ?? -1];
        World.Broadcast(length.AsSpan());
        if (length[0] < 0) return null;
        bytes ??= new byte[length[0]];
        World.Broadcast(bytes.AsSpan());
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Has the first rank do something, of which the others wait for the end.</summary>
    public void First(Action work)
    {
        if (Talks) work();
        World.Barrier();
    }

    /// <summary>Whether it is so on all ranks.</summary>
    public bool All(bool mine) => HaveSame(mine ? 1 : 0) && mine;

    /// <summary>Whether all ranks have the same number.</summary>
    public bool HaveSame(int number)
    {
        if (!AreSeveral) return true;
        int[] numbers = new int[Count];
        World.AllGather([number], numbers.AsSpan());
        return Array.TrueForAll(numbers, other => other == number);
    }

    /// <summary>How many threads this rank takes: the processors that it may run on, shared out over the ranks that may run on the same ones.</summary>
    public int Threads()
    {
        if (!AreSeveral) return Environment.ProcessorCount;
        ulong[] places = new ulong[Count];
        World.AllGather([Place()], places.AsSpan());
        int sharers = places.Count(place => place == places[World.Rank]);
        return Math.Max(1, Environment.ProcessorCount / sharers);
    }

    public void Dispose() => World.Dispose();

    /// <summary>Tells this machine and its processors that the process may use from others.</summary>
    private static ulong Place()
    {
        string processors = OperatingSystem.IsLinux()
            ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("Cpus_allowed_list", StringComparison.Ordinal)) ?? ""
            : Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        byte[] hash = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName} {processors}"));
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
