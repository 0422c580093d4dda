using Heed.Models;
using Heed.Nn;

namespace Heed.Training.Ranks;

/// <summary>
/// The buckets of all gradients, in the order in which a backward pass finishes them: the reverse of a model's forward pass. The order hangs on the
/// parameters alone, so that all ranks have the same without a word.
/// </summary>
internal sealed class GradientBuckets
{
    private readonly (int Bucket, GradientPiece Piece)[] _places;

    /// <param name="parameters">What is trained.</param>
    /// <param name="bytes">A bucket is full from so many bytes on; a parameter is never cut.</param>
    /// <param name="ranks">How many ranks share a bucket.</param>
    public GradientBuckets(IReadOnlyList<Parameter> parameters, long bytes, int ranks)
    {
        Parameters = parameters;
        Present = new bool[parameters.Count];
        _places = new (int, GradientPiece)[parameters.Count];
        List<GradientBucket> buckets = [];
        List<GradientPiece> pieces = [];
        int at = 0;
        foreach (int number in Order(parameters))
        {
            int count = parameters[number].Value.ElementCount;
            GradientPiece piece = new(number, at, count);
            _places[number] = (buckets.Count, piece);
            pieces.Add(piece);
            at = checked(at + count);
            if ((long)at * sizeof(float) >= bytes) Close();
        }
        if (pieces.Count > 0) Close();
        All = buckets;

        void Close()
        {
            buckets.Add(new GradientBucket([.. pieces], ranks, parameters[0].Value.Device));
            pieces.Clear();
            at = 0;
        }
    }

    /// <summary>What is trained.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>The buckets, those that are finished first before the others.</summary>
    public IReadOnlyList<GradientBucket> All { get; }

    /// <summary>Which parameters have a gradient in this step, on some rank.</summary>
    public bool[] Present { get; }

    /// <summary>The bytes of all gradients.</summary>
    public long Bytes => All.Sum(bucket => bucket.Bytes);

    /// <summary>Where a parameter's gradient lies.</summary>
    public (int Bucket, GradientPiece Piece) PlaceOf(int parameter) => _places[parameter];

    /// <summary>The parameters' numbers: decoder blocks from the last one on, then an encoder's, and at the end the tables that a pass begins with.</summary>
    internal static IEnumerable<int> Order(IReadOnlyList<Parameter> parameters) =>
        Enumerable.Range(0, parameters.Count).Reverse().OrderBy(number => Turn(parameters[number].Name));

    private static int Turn(string name)
    {
        if (name.StartsWith($"{WeightNames.Encoder}.", StringComparison.Ordinal)) return 1;
        return name.StartsWith($"{WeightNames.Embedding}.", StringComparison.Ordinal)
            || name.StartsWith($"{WeightNames.PositionEmbedding}.", StringComparison.Ordinal)
            || name.StartsWith($"{WeightNames.RelativeBias}.", StringComparison.Ordinal) ? 2 : 0;
    }
}
