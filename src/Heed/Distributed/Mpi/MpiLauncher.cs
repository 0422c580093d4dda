using System.Globalization;

namespace Heed.Distributed.Mpi;

/// <summary>What started this process, as its environment tells.</summary>
/// <param name="Variable">The variable that told, or null where no launcher did.</param>
/// <param name="Ranks">How many ranks it has started, 0 where it does not say.</param>
/// <param name="OpenMpiFirst">Whether it is likelier Open MPI's than MPICH's.</param>
internal sealed record MpiLauncher(string? Variable, int Ranks, bool OpenMpiFirst)
{
    /// <summary>Reads mpirun's, mpiexec's and srun's variables.</summary>
    public static MpiLauncher Find(Func<string, string?> environment)
    {
        // A batch script that Slurm runs has the job's variables but is no step of several tasks, hence the step's count.
        int tasks = Number("SLURM_STEP_NUM_TASKS");
        if (Number("OMPI_COMM_WORLD_SIZE") > 0) return new MpiLauncher("OMPI_COMM_WORLD_SIZE", Number("OMPI_COMM_WORLD_SIZE"), true);
        if (environment("PMIX_RANK") is not null) return new MpiLauncher("PMIX_RANK", tasks, true);
        if (Number("PMI_SIZE") > 0) return new MpiLauncher("PMI_SIZE", Number("PMI_SIZE"), false);
        if (environment("PMI_RANK") is not null) return new MpiLauncher("PMI_RANK", tasks, false);
        if (tasks > 1 && environment("SLURM_PROCID") is not null) return new MpiLauncher("SLURM_STEP_NUM_TASKS", tasks, true);
        return new MpiLauncher(null, 1, true);

        int Number(string name) => int.TryParse(environment(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;
    }
}
