using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training.Ranks;

/// <summary>Gradients of which ranks that share a model hold a part each.</summary>
internal static class PartialGradients
{
    /// <summary>Collective among the ranks that share the parameter: adds up the rows that several hold alike.</summary>
    public static void Complete(in Parameter parameter)
    {
        if (parameter.Shard?.PartialGradient is not { } partial || parameter.Value.Gradient is not { } gradient) return;
        int row = gradient.ElementCount / Math.Max(1, gradient.Shape[0]);
        partial.Ranks.AllReduce(gradient.AsSpan().Slice(partial.FirstRow * row, partial.Rows * row));
    }

    /// <summary>The elements of a rank's tensor that count in a sum over the ranks of a model: those that a rank before it holds too do not.</summary>
    public static IEnumerable<(int Start, int Count)> Counted(Parameter parameter)
    {
        int count = parameter.Value.ElementCount;
        if (parameter.Shard?.PartialGradient is not { Ranks.Rank: > 0 } partial)
        {
            yield return (0, count);
            yield break;
        }
        int row = count / Math.Max(1, parameter.Value.Shape[0]), end = (partial.FirstRow + partial.Rows) * row;
        if (partial.FirstRow > 0) yield return (0, partial.FirstRow * row);
        if (end < count) yield return (end, count - end);
    }
}
