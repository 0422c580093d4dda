using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Decoding with mixers that keep sums or states: all rows of a batch in one call per layer.</summary>
public sealed class MixerDecodeTests
{
    private const int Vocab = 13;

    public static TheoryData<string> WithSums => ["local", "simple", "mamba", "mamba-biases"];

    [Theory, MemberData(nameof(WithSums))]
    public void Forward_DecodeOfABatchInSteadyState_AllocatesNothingManaged(string name)
    {
        Transformer model = MixerModels.Make(name, Device.CreateCpu(1));
        using KvCache cache = model.CreateCache(batch: 3);
        using TensorScope scope = new(recycles: true);
        void Decode(int rounds)
        {
            for (int i = 0; i < rounds; i++)
            {
                using (scope.Enter()) cache.Clear();
                for (int t = 0; t < 20; t++)
                {
                    using TensorScope.Lease step = scope.Enter();
                    model.Forward([t % Vocab, (t + 3) % Vocab, (2 * t) % Vocab], cache);
                }
            }
        }
        Decode(20);
        SteadyState.ManagedBytes(() => Decode(20)).ShouldBe(0);
    }

    /// <summary>Past the first 64 tokens a hard layer's cache grows, and queries come in several blocks.</summary>
    [Theory, InlineData("hard"), InlineData("chunks")]
    public void Forward_LongTextOfHardChoicesInACache_HasTheBitsOfTheFullForward(string name)
    {
        Transformer model = MixerModels.Make(MixerModels.ConfigOf(name) with { MaxSeqLen = 300 });
        Random random = new(4);
        int[] tokens = [.. Enumerable.Range(0, 200).Select(_ => random.Next(Vocab))];
        float[] full = MixerModels.Logits(model, tokens);
        using KvCache cache = model.CreateCache();
        foreach ((int start, int count) in new[] { (0, 63), (63, 1), (64, 1), (65, 100), (165, 35) })
            model.Forward(tokens.AsSpan(start, count), cache, rows: LogitRows.All).ToArray().ShouldBe(full.AsSpan(start * Vocab, count * Vocab).ToArray(), $"tokens from {start}");
    }

    /// <summary>Rows that begin, pause and begin anew at different steps: each has the bits that it has alone.</summary>
    [Theory, MemberData(nameof(WithSums)), InlineData("full"), InlineData("factors"), InlineData("hard"), InlineData("chunks")]
    public void Forward_RowsThatPauseAndBeginAnew_HaveTheBitsOfSingleRows(string name)
    {
        Transformer model = MixerModels.Make(name);
        Random random = new(4);
        using KvCache cache = model.CreateCache(batch: 3);
        List<int>[] seen = [[], [], []];
        for (int step = 0; step < 30; step++)
        {
            int seq = 1 + step % 3;
            int[] tokens = new int[3 * seq], positions = new int[3 * seq];
            for (int row = 0; row < 3; row++)
            {
                if (seen[row].Count + seq > 24)
                {
                    seen[row].Clear();
                    cache.Truncate(row, 0);
                }
                for (int i = 0; i < seq; i++)
                {
                    int token = tokens[row * seq + i] = random.Next(Vocab);
                    positions[row * seq + i] = random.Next(4) == 0 ? -1 : seen[row].Count;
                    if (positions[row * seq + i] >= 0) seen[row].Add(token);
                }
            }
            float[] got = model.Forward(tokens, cache, positions, rows: LogitRows.All).ToArray();
            for (int row = 0; row < 3; row++)
            {
                if (seen[row].Count == 0) continue;
                float[] alone = MixerModels.Logits(model, seen[row].ToArray());
                for (int i = 0; i < seq; i++)
                {
                    if (positions[row * seq + i] is >= 0 and int place)
                        got.AsSpan((row * seq + i) * Vocab, Vocab).SequenceEqual(alone.AsSpan(place * Vocab, Vocab)).ShouldBeTrue($"step {step}, row {row}, position {place}");
                }
            }
        }
    }

    /// <summary>What a local mixer keeps does not grow with the context.</summary>
    [Fact]
    public void Cache_OfLocalMixers_HasOneSizeForEveryContext()
    {
        long BytesOf(int context)
        {
            Transformer model = MixerModels.Make(MixerModels.ConfigOf("local") with { MaxSeqLen = context });
            using KvCache cache = model.CreateCache(batch: 2);
            model.Forward([1, 2], cache);
            return cache.Bytes;
        }
        BytesOf(200).ShouldBe(BytesOf(24));
    }
}
