using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Caches in F16 and Q8_0 in whole models: what is rounded, what has the same bits as what, and what they take.</summary>
public sealed class KvCacheTypeTests
{
    private const int Vocab = CachedModels.Vocab, Length = 420;
    private static readonly int[] s_tokens = [.. Enumerable.Range(0, Length).Select(i => i * i * 7 % 113 % Vocab)];

    public static TheoryData<string, KvCacheType> Models
    {
        get
        {
            TheoryData<string, KvCacheType> all = [];
            foreach (string name in CachedModels.Names)
            {
                all.Add(name, KvCacheType.F16);
                all.Add(name, KvCacheType.Q8_0);
            }
            return all;
        }
    }

    /// <summary>A prompt's own keys are read as they were rounded also within the call that stores them.</summary>
    [Theory, MemberData(nameof(Models))]
    public void Forward_PrefillInAnyChunks_GivesTheBitsOfOneShot(string name, KvCacheType type)
    {
        Transformer model = Build(CachedModels.ConfigOf(name));
        float[] oneShot = Whole(model, s_tokens, type);
        foreach (int chunk in new[] { 1, 3, 5, 130, 301 })
        {
            using KvCache cache = model.CreateCache(type: type);
            for (int i = 0; i < s_tokens.Length; i += chunk)
            {
                int count = Math.Min(chunk, s_tokens.Length - i);
                model.Forward(s_tokens.AsSpan(i, count), cache, rows: LogitRows.All).ToArray()
                    .ShouldBe(oneShot.AsSpan(i * Vocab, count * Vocab).ToArray(), $"chunks of {chunk}, token {i}");
                if (chunk < 10 && i > 70) break;
            }
        }
        oneShot.ShouldNotBe(Whole(model, s_tokens, KvCacheType.F32), "rounding shows");
    }

    /// <summary>The exact model is near: logits of about 1 move by some thousandths in Q8_0, less in F16. A bound from the rounding itself has the kernel's test.</summary>
    [Theory, MemberData(nameof(Models))]
    public void Forward_BesideFloat32_IsNear(string name, KvCacheType type)
    {
        if (name == "capped top-k") return; // which keys are kept may change
        Transformer model = Build(CachedModels.ConfigOf(name));
        float[] exact = Whole(model, s_tokens, KvCacheType.F32), rounded = Whole(model, s_tokens, type);
        double scale = Math.Sqrt(exact.Average(x => (double)x * x)), error = Math.Sqrt(exact.Zip(rounded, (a, b) => (double)(a - b) * (a - b)).Average());
        (error / scale).ShouldBeLessThan(type == KvCacheType.F16 ? 1e-3 : 1e-2);
    }

    [Theory, MemberData(nameof(Models))]
    public void Forward_LeftAndRightPaddedRows_GiveTheBitsOfSingleRows(string name, KvCacheType type)
    {
        Transformer model = Build(CachedModels.ConfigOf(name));
        int[][] rows = [s_tokens[..330], s_tokens[5..15], s_tokens[100..230]];
        foreach (bool left in new[] { true, false })
        {
            using KvCache cache = model.CreateCache(rows.Length, type: type);
            int[] tokens = new int[rows.Length * 330], positions = new int[tokens.Length];
            for (int r = 0; r < rows.Length; r++)
                for (int i = 0; i < 330; i++)
                {
                    int at = i - (left ? 330 - rows[r].Length : 0);
                    bool real = at >= 0 && at < rows[r].Length;
                    (tokens[r * 330 + i], positions[r * 330 + i]) = real ? (rows[r][at], at) : (7, -1);
                }
            model.Forward(tokens, cache, positions);
            float[] more = [];
            for (int i = 0; i < 5; i++) more = model.Forward([11, 12, 14], cache).ToArray();
            for (int r = 0; r < rows.Length; r++)
            {
                float[] alone = Whole(model, [.. rows[r], .. Enumerable.Repeat(new[] { 11, 12, 14 }[r], 5)], type);
                more.AsSpan(r * Vocab, Vocab).ToArray().ShouldBe(alone[^Vocab..], $"row {r}, left {left}");
            }
        }
    }

    [Theory]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void Forward_AnyThreadCount_GivesTheSameBits(KvCacheType type)
    {
        float[] expected = Whole(Build(CachedModels.Config), s_tokens, type);
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using Device device = Device.CreateCpu(threads);
            Whole(new Transformer(CachedModels.Config, new RandomWeights(1, 3, device)), s_tokens, type).ShouldBe(expected, $"{threads} threads");
        }
    }

    [Theory]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void Forward_RollingSlots_GiveTheBitsOfACacheThatKeepsAll(KvCacheType type)
    {
        Transformer model = Build(CachedModels.ConfigOf("rolling"));
        using KvCache rolling = model.CreateCache(type: type), whole = model.CreateCache(rolling: false, type: type);
        for (int start = 0; start < 1100; start += 100)
        {
            int[] tokens = [.. Enumerable.Range(start, 100).Select(i => i * 5 % Vocab)];
            model.Forward(tokens, rolling, rows: LogitRows.All).ToArray().ShouldBe(model.Forward(tokens, whole, rows: LogitRows.All).ToArray());
        }
        rolling.Bytes.ShouldBeLessThan(whole.Bytes);
        rolling.CanTruncate.ShouldBeFalse();
    }

    /// <summary>What a row is cut back to has the same numbers as before: nothing is rounded twice, also where the cache grows.</summary>
    [Theory]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void Truncate_AndOnWithOtherTokens_GivesTheBitsOfANewText(KvCacheType type)
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreateCache(type: type);
        model.Forward(s_tokens.AsSpan(0, 200), cache);
        long before = cache.Bytes;
        model.Forward(s_tokens.AsSpan(200), cache);
        cache.Bytes.ShouldBeGreaterThan(before, "it has grown");
        cache.Truncate(0, 137);
        int[] other = [.. s_tokens[..137], .. s_tokens[10..40]];
        model.Forward(other.AsSpan(137), cache).ToArray().ShouldBe(Whole(model, other, type)[^Vocab..]);
    }

    [Theory]
    [InlineData(KvCacheType.F32)]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void Forward_OnTheReferenceDevice_AgreesWithTheCpu(KvCacheType type)
    {
        foreach (string name in new[] { "plain", "sinks", "longformer", "odd values" })
        {
            ModelConfig config = CachedModels.ConfigOf(name) with { NumLayers = 1 };
            Transformer reference = new(config, new RandomWeights(1, 1, Device.Reference)), cpu = new(config, new RandomWeights(1, 1));
            float[] expected = Whole(reference, s_tokens[..100], type), got = Whole(cpu, s_tokens[..100], type);
            // Beside ties: a number that float32 and float64 round to different neighbours moves logits by some ten-thousandths.
            got.Zip(expected, (a, b) => Math.Abs(a - b)).Max().ShouldBeLessThan(type == KvCacheType.F32 ? 1e-5f : 1e-3f, name);
            got.Zip(expected, (a, b) => (double)Math.Abs(a - b)).Average().ShouldBeLessThan(2e-5, name);
        }
    }

    [Theory]
    [InlineData(64, 64, 0.5, 34.0 / 128)]
    [InlineData(32, 96, 0.5, (34.0 + 104) / 512)] // a value of 102 bytes takes 104
    [InlineData(40, 40, 0.5, 44.0 / 160)]
    public void Bytes_OfEachType_AreWhatIsAllocated(int headDim, int valueDim, double half, double eighth)
    {
        ModelConfig config = CachedModels.Config with { HeadDim = headDim, ValueHeadDim = valueDim };
        Transformer model = Build(config);
        long Bytes(KvCacheType type)
        {
            using KvCache cache = model.CreateCache(maxPositions: Length, type: type);
            model.Forward(s_tokens, cache);
            cache.Type.ShouldBe(type);
            config.CacheBytes(Length, type: type).ShouldBe(cache.Bytes);
            return cache.Bytes;
        }
        long exact = Bytes(KvCacheType.F32);
        exact.ShouldBe(3L * 2 * 432 * (headDim + valueDim) * 4);
        ((double)Bytes(KvCacheType.F16) / exact).ShouldBe(half);
        ((double)Bytes(KvCacheType.Q8_0) / exact).ShouldBe(eighth);
    }

    [Theory, MemberData(nameof(Models))]
    public void CacheBytes_OfTheConfiguration_AreThoseOfACache(string name, KvCacheType type)
    {
        ModelConfig config = CachedModels.ConfigOf(name);
        using KvCache cache = Build(config).CreateCache(maxPositions: Length, type: type);
        Build(config).Forward(s_tokens, cache);
        config.CacheBytes(Length, type: type).ShouldBe(cache.Bytes);
    }

    [Theory]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void Forward_DecodeInSteadyState_AllocatesNothingManaged(KvCacheType type)
    {
        using Device device = Device.CreateCpu(1);
        Transformer model = new(CachedModels.Config, new RandomWeights(1, 3, device));
        using KvCache cache = model.CreateCache(type: type);
        using TensorScope scope = new(recycles: true);
        void Decode(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                if (cache.Length() == 90) cache.Truncate(0, 4);
                using TensorScope.Lease step = scope.Enter();
                int token = i % Vocab;
                model.Forward(new ReadOnlySpan<int>(in token), cache);
            }
        }
        Decode(200);
        SteadyState.ManagedBytes(() => Decode(200)).ShouldBe(0);
    }

    [Theory]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void Encode_SourcesInTheCachesType_AreRoundedOnceAndRowByRow(KvCacheType type)
    {
        ModelConfig config = (CachedModels.Config with { NumLayers = 2, MaxSeqLen = 64 }).WithEncoder();
        Transformer model = Build(config);
        float[] Logits(KvCacheType cacheType, params int[][] sources)
        {
            using KvCache cache = model.CreateCache(sources.Length, type: cacheType);
            model.Encode(new SourceRows(sources), cache);
            model.Forward([.. sources.Select(_ => 3)], cache);
            float[] logits = model.Forward([.. sources.Select(_ => 5)], cache).ToArray();
            if (sources.Length == 1) cache.Bytes.ShouldBe(config.CacheBytes(64, sources[0].Length, cacheType));
            return logits;
        }
        float[] both = Logits(type, [1, 2, 3, 4, 5, 6], [9, 8]);
        both[Vocab..].ShouldBe(Logits(type, [9, 8]));
        both[..Vocab].ShouldBe(Logits(type, [1, 2, 3, 4, 5, 6]));
        float[] exact = Logits(KvCacheType.F32, [9, 8]);
        both[Vocab..].ShouldNotBe(exact);
        both[Vocab..].Zip(exact, (a, b) => Math.Abs(a - b)).Max().ShouldBeLessThan(0.02f);
    }

    [Fact]
    public void CreateCache_StatesOfOtherMixers_AreFloat32Alone()
    {
        ModelConfig config = MixerModels.ConfigOf("mamba");
        Transformer model = MixerModels.Make(config);
        Should.Throw<NotSupportedException>(() => model.CreateCache(type: KvCacheType.F16)).Message.ShouldContain("the cache's type is F16; expected F32: the model's mixer is Mamba");
        Should.Throw<NotSupportedException>(() => config.CacheBytes(5, type: KvCacheType.Q8_0)).Message.ShouldContain("CacheBytes: the cache's type is Q8_0");
        model.CreateCache(type: KvCacheType.F32).Dispose();
        Should.Throw<ArgumentOutOfRangeException>(() => new KvCache(1, 1, 1, 1, 1, type: (KvCacheType)7)).Message.ShouldContain("got type 7; expected F32, F16, Q8_0");
    }

    [Fact]
    public void Forward_UnderATape_ThroughARoundedCacheIsAnError()
    {
        Transformer model = Build(CachedModels.Config);
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using GradientTape tape = new();
        using KvCache cache = model.CreateCache(type: KvCacheType.F16);
        Should.Throw<InvalidOperationException>(() => model.Forward([1, 2], cache)).Message.ShouldContain("have no gradient");
    }

    /// <summary>The logits of all tokens, read at once into a cache of a type that keeps all.</summary>
    private static float[] Whole(Transformer model, int[] tokens, KvCacheType type)
    {
        using KvCache cache = model.CreateCache(rolling: false, type: type);
        return model.Forward(tokens, cache, rows: LogitRows.All).ToArray();
    }

    private static Transformer Build(ModelConfig config) => new(config, new RandomWeights(1, config.NumLayers));
}
