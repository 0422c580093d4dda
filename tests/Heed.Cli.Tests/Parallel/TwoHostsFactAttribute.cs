namespace Heed.Cli.Tests.Parallel;

/// <summary>A fact about hosts that are apart; skipped where network namespaces cannot be made.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TwoHostsFactAttribute : FactAttribute
{
    public TwoHostsFactAttribute() => Skip = TwoHosts.Missing;
}
