using System.Diagnostics.CodeAnalysis;
using Heed.Distributed.Mpi;

namespace Heed.Distributed;

/// <summary>Starts and ends a job of several ranks.</summary>
public static class Communicators
{
    /// <summary>Whether mpirun, mpiexec or srun started this process, be it as the only rank.</summary>
    public static bool IsLaunched => MpiLauncher.Find(Environment.GetEnvironmentVariable).Variable is not null;

    /// <summary>All ranks of this job: MPI's under mpirun, mpiexec or srun with more than one, else a world of one.</summary>
    /// <param name="options">How ranks wait for one another.</param>
    /// <returns>The world. Disposing of it is collective: it returns when all ranks have come to that.</returns>
    /// <exception cref="CommunicationException">A launcher started this process, but MPI cannot be used; the message says what to do.</exception>
    public static ICommunicator World(MpiOptions? options = null)
    {
        MpiLauncher launcher = MpiLauncher.Find(Environment.GetEnvironmentVariable);
        // One rank needs no MPI, and a shell that srun has started looks like one.
        return launcher.Variable is null || launcher.Ranks == 1 ? new SingleCommunicator() : new MpiCommunicator(MpiWorld.Start(launcher, options ?? new MpiOptions()));
    }

    /// <summary>
    /// Ends the whole job because this rank cannot go on: every rank prints "rank R failed: " and the message to its error output, and the
    /// launcher's exit code is not 0. Does not return under MPI; where ranks are threads, or there is one alone, it throws.
    /// </summary>
    /// <param name="world">What <see cref="World"/> gave, or a group of it.</param>
    /// <param name="message">What went wrong.</param>
    /// <exception cref="CommunicationException">There is no MPI to end; carries the message.</exception>
    [DoesNotReturn]
    public static void Fail(ICommunicator world, string message)
    {
        ArgumentNullException.ThrowIfNull(world);
        if (world is MpiCommunicator ranks) ranks.Watch.Fail(message);
        throw new CommunicationException(message);
    }

    /// <summary>As <see cref="Fail(ICommunicator, string)"/>; where another rank has failed first, every rank prints that rank's error.</summary>
    /// <param name="world">What <see cref="World"/> gave, or a group of it.</param>
    /// <param name="error">What this rank cannot go on for.</param>
    /// <param name="message">What to say of it, or null for its own message; not used for a <see cref="RankFailedException"/>.</param>
    /// <exception cref="CommunicationException">There is no MPI to end; carries the message.</exception>
    [DoesNotReturn]
    public static void Fail(ICommunicator world, Exception error, string? message = null)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(error);
        if (error is not RankFailedException) Fail(world, message ?? error.Message);
        if (world is MpiCommunicator ranks) ranks.Watch.PassOn(error.Message);
        throw new CommunicationException(error.Message);
    }

    /// <summary>
    /// Runs a rank's part of a job with the world of <see cref="World"/>. Under MPI, an exception or an exit code other than 0 of one rank ends
    /// the job by <see cref="Fail(ICommunicator, Exception, string?)"/>; alone, both simply come out.
    /// </summary>
    /// <param name="body">
    /// What every rank does; returns its exit code. It is synchronous, since one thread at a time uses a communicator: a training's steps are
    /// taken by trainer.RunAsync().ToBlockingEnumerable().
    /// </param>
    /// <param name="options">How ranks wait for one another.</param>
    public static int Run(Func<ICommunicator, int> body, MpiOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        using ICommunicator world = World(options);
        if (world is SingleCommunicator) return body(world);
        try
        {
            int code = body(world);
            if (code != 0) Fail(world, $"it ended with exit code {code}.");
        }
#pragma warning disable CA1031 // Every error ends the job.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail(world, error);
        }
        return 0;
    }
}
