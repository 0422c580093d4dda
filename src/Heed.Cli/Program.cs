using System.Text;

namespace Heed.Cli;

/// <summary>The heed command.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        // A Windows console shows bytes in its own code page unless it is told.
        if (OperatingSystem.IsWindows() && !Console.IsOutputRedirected) Console.OutputEncoding = Encoding.UTF8;
        return await new CommandLine(new Terminal()).RunAsync(args);
    }
}
