using System.Diagnostics;
using System.Globalization;

namespace Heed.Cli.Tests.Parallel;

/// <summary>
/// Two hosts on one machine: network namespaces with names and addresses of their own, and between them one link, which lets no more than a
/// rate through. mpirun reaches the second as it reaches any host, by a remote shell.
/// </summary>
internal sealed class TwoHosts : IDisposable
{
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"heed{Environment.ProcessId}");
    private readonly string _agent;
    private readonly string _network;

    public TwoHosts(TempFolder folder)
    {
        // Addresses that other tests' hosts do not have.
        _network = string.Create(CultureInfo.InvariantCulture, $"10.{64 + (Environment.ProcessId % 64)}.{Environment.ProcessId / 64 % 256}");
        _agent = folder.File("agent.sh");
        File.WriteAllText(_agent, $"""
            #!/bin/sh
            shift
            exec ip netns exec {_name}b unshare -u sh -c "hostname {_name}b; $*"
            """);
        Process.Start("chmod", ["+x", _agent]).WaitForExit();
        foreach (string line in Commands()) Do(line);
    }

    /// <summary>What keeps namespaces from being made here, or null.</summary>
    public static string? Missing { get; } = Mpirun.Missing ?? Try();

    /// <summary>The command that starts one rank on each host.</summary>
    public string[] Launcher =>
    [
        "ip", "netns", "exec", $"{_name}a", "unshare", "-u", "sh", "-c", $"hostname {_name}a; exec \"$@\"", "sh",
        "mpirun", "-n", "2", "--bind-to", "none", "--host", $"{_network}.1:1,{_network}.2:1", "--mca", "plm_rsh_agent", _agent,
        "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", $"{_network}.0/24", "--mca", "oob_tcp_if_include", $"{_network}.0/24",
    ];

    /// <summary>Nothing goes from one host to the other any more, and nobody is told.</summary>
    public void Cut()
    {
        // A link that is down would be noticed; packets that are lost are not.
        Do($"tc -n {_name}a qdisc replace dev {_name}a root tbf rate 8bit burst 1b limit 1b");
        Do($"tc -n {_name}b qdisc replace dev {_name}b root tbf rate 8bit burst 1b limit 1b");
    }

    public void Dispose()
    {
        foreach (string side in (string[])["a", "b"])
        {
            using Process end = Process.Start("sh", ["-c", $"ip netns pids {_name}{side} | xargs -r kill -9; ip netns del {_name}{side}"]);
            end.WaitForExit();
        }
    }

    private IEnumerable<string> Commands()
    {
        string a = $"{_name}a", b = $"{_name}b";
        return
        [
            $"ip netns add {a}", $"ip netns add {b}",
            $"ip link add {a} netns {a} type veth peer name {b} netns {b}",
            $"ip -n {a} addr add {_network}.1/24 dev {a}", $"ip -n {b} addr add {_network}.2/24 dev {b}",
            $"ip -n {a} link set {a} up", $"ip -n {b} link set {b} up", $"ip -n {a} link set lo up", $"ip -n {b} link set lo up",
            $"tc -n {a} qdisc add dev {a} root tbf rate 1gbit burst 4mb latency 50ms", $"tc -n {b} qdisc add dev {b} root tbf rate 1gbit burst 4mb latency 50ms",
        ];
    }

    private static void Do(string line)
    {
        string[] words = line.Split(' ');
        using Process process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardError = true, UseShellExecute = false })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"'{line}' failed: {error}");
    }

    private static string? Try()
    {
        if (Mpirun.Find("ip") is null || Mpirun.Find("tc") is null) return "ip and tc are not installed (Debian: iproute2)";
        try
        {
            using TempFolder folder = new();
            using TwoHosts hosts = new(folder);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"network namespaces with a shaped link cannot be made here: {e.Message.Trim()}";
        }
    }
}
