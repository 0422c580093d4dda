namespace Heed.Cli.Tests.Parallel;

/// <summary>A theory about several processes; skipped where mpirun is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute() => Skip = Mpirun.Missing;
}
