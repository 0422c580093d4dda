namespace Heed.Cli.Tests.Parallel;

/// <summary>A fact about several processes; skipped where mpirun is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute() => Skip = Mpirun.Missing;
}
