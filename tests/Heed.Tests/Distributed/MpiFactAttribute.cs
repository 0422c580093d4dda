namespace Heed.Tests.Distributed;

/// <summary>A fact that needs Open MPI's launcher and is skipped where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute()
    {
        Timeout = 120_000;
        Skip = MpiRun.WhyNot("mpirun.openmpi", "openmpi-bin");
    }
}

/// <summary>A theory that needs Open MPI's launcher.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute()
    {
        Timeout = 120_000;
        Skip = MpiRun.WhyNot("mpirun.openmpi", "openmpi-bin");
    }
}

/// <summary>A fact that needs MPICH's launcher.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MpichFactAttribute : FactAttribute
{
    public MpichFactAttribute()
    {
        Timeout = 120_000;
        Skip = MpiRun.WhyNot("mpiexec.mpich", "mpich");
    }
}
