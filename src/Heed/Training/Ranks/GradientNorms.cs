using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training.Ranks;

/// <summary>The norm of all gradients together, the same on all ranks.</summary>
internal static class GradientNorms
{
    /// <summary>√Σ over parameters of their squares, in double, in one order.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="squares">Of each the Σg² over what counts of this rank's; 0 without a gradient.</param>
    public static double Of(IReadOnlyList<Parameter> parameters, double[] squares)
    {
        ICommunicator? ranks = parameters.Select(parameter => parameter.Shard?.Ranks).FirstOrDefault(found => found is not null);
        double[] all = ranks is null ? squares : new double[squares.Length * ranks.Size];
        ranks?.AllGather<double>(squares, all);
        double sum = 0;
        for (int i = 0; i < squares.Length; i++)
        {
            int parts = parameters[i].Shard is null ? 1 : ranks!.Size;
            for (int rank = 0; rank < parts; rank++) sum += all[rank * squares.Length + i];
        }
        return Math.Sqrt(sum);
    }

    /// <summary>Σg² over what counts of a parameter's whole gradient.</summary>
    public static double Square(in Parameter parameter)
    {
        if (parameter.Value.Gradient is not { } gradient) return 0;
        if (parameter.Shard?.PartialGradient is null) return gradient.Backend.SquaredNorm(gradient);
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        double sum = 0;
        Tensor flat = gradient.Reshape(gradient.ElementCount);
        foreach ((int start, int count) in PartialGradients.Counted(parameter))
        {
            Tensor part = flat.Slice(0, start, count);
            sum += part.Backend.SquaredNorm(part);
        }
        return sum;
    }
}
