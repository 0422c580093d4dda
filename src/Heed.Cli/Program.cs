using System.Text;
using Heed.Cli.Parallel;
using Heed.Distributed;

namespace Heed.Cli;

/// <summary>The heed command.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        // A Windows console shows bytes in its own code page unless it is told.
        if (OperatingSystem.IsWindows() && !Console.IsOutputRedirected) Console.OutputEncoding = Encoding.UTF8;
        // mpirun gives its processes terminals that nobody looks at: .NET would send them its preparations, in the middle of a text.
        if (Communicators.IsLaunched) Environment.SetEnvironmentVariable("TERM", "dumb");
        try
        {
            using Ranks ranks = Ranks.Join(args);
            return await new CommandLine(new Terminal(ranks.Talks), ranks).RunAsync(args);
        }
        catch (CommunicationException e)
        {
            new Terminal().Error(e.Message);
            return ExitCodes.Error;
        }
    }
}
