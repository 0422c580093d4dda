using Heed.Kernels;
using Heed.Tensors;
using Heed.Tests.Kernels;

namespace Heed.Tests.Tensors;

/// <summary>Attention with some of everything that modifies its scores; inputs are q, k, v and then the biases and sinks that it has.</summary>
public sealed record ScoreCase(int Queries, int Keys, int Batch = 1, int Heads = 1, int KvHeads = 1, int Dim = 8, int ValueDim = 8, float Cap = 0, int Window = 0,
    float Rate = 0, string Mask = "", string Bias = "", bool Distances = false, bool Sinks = false, int TopK = 0, bool Causal = true)
{
    /// <summary>Any combination, over odd sizes.</summary>
    public static ScoreCase Random(int seed, params int[] lengths)
    {
        Random random = new(seed);
        int kvHeads = random.Next(1, 3), heads = kvHeads * random.Next(1, 3);
        bool Now() => random.Next(2) == 0;
        return new(lengths[random.Next(lengths.Length)], lengths[random.Next(lengths.Length)], random.Next(1, 3), heads, kvHeads,
            random.Next(1, 20), random.Next(1, 20), Now() ? 0 : 1.5f, random.Next(4) == 0 ? 20 : 0, random.Next(4) == 0 ? 0.3f : 0,
            new[] { "", "odd", "heads", "rows" }[random.Next(4)], new[] { "", "full", "keys", "heads", "rows" }[random.Next(5)], Now(), Now(), random.Next(3) == 0 ? random.Next(1, 20) : 0, Now());
    }

    public int[] Limits => [.. Enumerable.Range(0, Batch * Queries).Select(r => Causal ? Math.Clamp(r % Queries + Keys - Queries, -1, Keys - 1) : Keys - 1)];

    internal AttentionDropout Dropout => new(Rate, 7);

    public Tensor[] Inputs(int seed, Device device)
    {
        List<Tensor> inputs = [Make(seed, Batch, Queries, Heads, Dim), Make(seed + 1, Batch, Keys, KvHeads, Dim), Make(seed + 2, Batch, Keys, KvHeads, ValueDim)];
        if (Bias.Length > 0)
        {
            inputs.Add(Bias switch
            {
                "full" => Make(seed + 3, Batch, Heads, Queries, Keys),
                "keys" => Make(seed + 3, 1, 1, 1, Keys),
                "heads" => Make(seed + 3, 1, Heads, Queries, Keys),
                _ => Make(seed + 3, Batch, 1, Queries, Keys),
            });
        }
        if (Distances) inputs.Add(Make(seed + 4, Heads, Queries + Keys - 1));
        if (Sinks) inputs.Add(Make(seed + 5, Heads));
        return [.. inputs];

        Tensor Make(int number, params int[] sizes) => Samples.Make(number, Layout.Contiguous, sizes, device, -1.5, 1.5);
    }

    public Tensor Run(Tensor[] inputs)
    {
        Tensor result = Ops.Attention(new HeadRange(inputs[0]), new HeadRange(inputs[1]), new HeadRange(inputs[2]), Limits, [], Options, Dropout, Modifiers(inputs));
        return result.Reshape(new Shape(Batch, Queries, Heads, ValueDim));
    }

    internal AttentionOptions Options => new(1 / MathF.Sqrt(Dim), Cap, Window);

    internal AttentionModifiers Modifiers(Tensor[] inputs)
    {
        int next = 3;
        return new()
        {
            Bias = Bias.Length > 0 ? inputs[next++] : null,
            Distances = Distances ? inputs[next++] : null,
            Sinks = Sinks ? inputs[next] : null,
            TopK = TopK,
            Tiles = Tiles,
        };
    }

    private MaskTiles? Tiles => Mask switch
    {
        "odd" => TileMaps.Of(1, 1, Queries, Keys, (_, _, i, j) => (i * 7 + j * 5) % 4 != 0 && i % 9 != 4),
        "heads" => TileMaps.Of(1, Heads, Queries, Keys, (_, h, i, j) => Math.Abs(i - j) < 7 + h || j == 0),
        "rows" => TileMaps.Of(Batch, Heads, Queries, Keys, (b, h, i, j) => (i / 5 + b) % 3 == (j / 5 + h) % 3),
        _ => null,
    };
}
