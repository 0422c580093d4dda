using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Caches that go to a file and come back: the same bits, shared blocks once, and files that are not what they say.</summary>
public sealed class CacheFileTests : IDisposable
{
    private const int Vocab = CachedModels.Vocab;
    private static readonly int[] s_tokens = [.. Enumerable.Range(0, 700).Select(i => i * i * 7 % 113 % Vocab)];
    private readonly string _folder = Directory.CreateTempSubdirectory("heed-cache-").FullName;

    private string File1 => Path.Combine(_folder, "a.cache");

    private string File2 => Path.Combine(_folder, "b.cache");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, KvCacheType, bool> Caches
    {
        get
        {
            TheoryData<string, KvCacheType, bool> all = [];
            foreach (string name in new[] { "plain", "rolling", "odd values", "alibi" })
                foreach (KvCacheType type in Enum.GetValues<KvCacheType>())
                    foreach (bool paged in new[] { false, true }) all.Add(name, type, paged);
            return all;
        }
    }

    [Theory, MemberData(nameof(Caches))]
    public void LoadCache_WhatWasSaved_GoesOnToTheSameBits(string name, KvCacheType type, bool paged)
    {
        Transformer model = Build(CachedModels.ConfigOf(name));
        foreach (int length in new[] { 1, 16, 77, 500 })
        {
            using KvCache cache = paged ? model.CreatePagedCache(2, type: type) : model.CreateCache(2, type: type);
            for (int i = 0; i < length; i += 100)
            {
                int[] part = [.. s_tokens[i..Math.Min(i + 100, length)]];
                model.Forward([.. part, .. part.Reverse()], cache);
            }
            if (length == 77) cache.Truncate(1, 70);
            model.SaveCache(cache, File1);
            using KvCache loaded = model.LoadCache(File1, out int[] tokens);
            tokens.ShouldBeEmpty();
            (loaded.Batch, loaded.Type, loaded.IsPaged, loaded.MaxPositions).ShouldBe((2, type, paged, cache.MaxPositions));
            for (int row = 0; row < 2; row++) loaded.Length(row).ShouldBe(cache.Length(row));
            if (paged) loaded.UsedBytes.ShouldBe(cache.UsedBytes);
            model.SaveCache(loaded, File2);
            File.ReadAllBytes(File2).ShouldBe(File.ReadAllBytes(File1), "what was loaded is what was saved");
            for (int step = 0; step < 3; step++) model.Forward([step, 5], loaded).ToArray().ShouldBe(model.Forward([step, 5], cache).ToArray(), $"{length} tokens, step {step}");
        }
    }

    [Fact]
    public void SaveCache_AfterAWriterThatWasKilled_RemovesWhatItLeft()
    {
        string left = $"{File1}.{Guid.NewGuid():N}.tmp";
        File.WriteAllBytes(left, [1]);
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddDays(-1));
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreateCache();
        model.Forward(s_tokens.AsSpan(0, 5), cache);
        model.SaveCache(cache, File1);
        Directory.GetFiles(_folder).ShouldBe([File1]);
    }

    [Fact]
    public void SaveCache_WhereAFolderIs_IsAnIOExceptionAndLeavesNothing()
    {
        Directory.CreateDirectory(File1);
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreateCache();
        Should.Throw<IOException>(() => model.SaveCache(cache, File1)).Message.ShouldContain(File1);
        Directory.GetFiles(_folder).ShouldBeEmpty();
    }

    [Fact]
    public void LoadCache_RowsThatShareBlocks_ShareThemAgain()
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreatePagedCache();
        model.Forward(s_tokens.AsSpan(0, 200), cache);
        cache.Arrange(0, 0, -1, 0);
        model.Forward([1, 2, 3, 4], cache);
        model.SaveCache(cache, File1, s_tokens[..200].Append(1).ToArray());
        using KvCache loaded = model.LoadCache(File1, out int[] tokens);
        tokens.ShouldBe([.. s_tokens[..200], 1]);
        loaded.UsedBytes.ShouldBe(cache.UsedBytes);
        new FileInfo(File1).Length.ShouldBeLessThan(cache.UsedBytes + 2000, "each block once");
        float[] expected = model.Forward([5, 6, 7, 8], cache).ToArray();
        model.Forward([5, 6, 7, 8], loaded).ToArray().ShouldBe(expected);
        loaded.Clear();
        loaded.UsedBytes.ShouldBe(0, "no block is lost");
    }

    [Fact]
    public void LoadCache_OfAnEmptyCache_IsEmpty()
    {
        Transformer model = Build(CachedModels.Config);
        foreach (bool paged in new[] { false, true })
        {
            using KvCache cache = paged ? model.CreatePagedCache(3) : model.CreateCache(3, maxPositions: 50);
            model.SaveCache(cache, File1);
            using KvCache loaded = model.LoadCache(File1, out _);
            (loaded.Batch, loaded.Length(2), loaded.MaxPositions).ShouldBe((3, 0, cache.MaxPositions));
            model.Forward([1, 2, 3], loaded).ToArray().ShouldBe(model.Forward([1, 2, 3], cache).ToArray());
        }
    }

    [Fact]
    public void LoadCache_OfAnotherModel_IsRefused()
    {
        Transformer model = Build(CachedModels.Config), weights = new(CachedModels.Config, new RandomWeights(2, 3)), shape = Build(CachedModels.Config with { Window = 300 });
        using KvCache cache = model.CreateCache();
        model.Forward([1, 2, 3], cache);
        model.SaveCache(cache, File1);
        foreach (Transformer other in new[] { weights, shape })
            Should.Throw<FileFormatException>(() => other.LoadCache(File1, out _)).Message.ShouldContain("another model's");
        // One weight of the last layer is enough, though no key or value hangs on it.
        Transformer almost = Build(CachedModels.Config);
        Parameter last = almost.Parameters.Last(parameter => parameter.Value.Shape.Rank == 2);
        float[] values = last.Value.ToArray();
        for (int i = 0; i < values.Length; i += 7) values[i] += 0.01f;
        last.Value.Assign(Tensor.From(values, last.Value.Shape));
        Should.Throw<FileFormatException>(() => almost.LoadCache(File1, out _)).Message.ShouldContain("another model's");
    }

    /// <summary>Whatever byte is another one, and wherever the file ends: a clear error, and never a cache.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadCache_DamagedFile_IsAClearError(bool paged)
    {
        Transformer model = Build(CachedModels.Config with { NumLayers = 1, HeadDim = 8, NumKvHeads = 1 });
        using KvCache cache = paged ? model.CreatePagedCache(2) : model.CreateCache(2);
        model.Forward([.. s_tokens[..20], .. s_tokens[..20]], cache);
        if (paged) cache.Arrange(0, 0, 1);
        model.SaveCache(cache, File1, s_tokens[..20]);
        byte[] whole = File.ReadAllBytes(File1);
        Random random = new(3);
        int head = 200;
        foreach (int at in Enumerable.Range(0, head).Concat(Enumerable.Range(0, 60).Select(_ => random.Next(whole.Length))))
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(File2, damaged);
            Refused(model, $"byte {at}");
        }
        foreach (int length in Enumerable.Range(0, head / 3).Select(i => 3 * i).Concat([whole.Length - 1, whole.Length / 2]))
        {
            File.WriteAllBytes(File2, whole[..length]);
            Refused(model, $"{length} bytes");
        }
        File.WriteAllBytes(File2, [.. whole, 0]);
        Refused(model, "a byte more");
    }

    /// <summary>Numbers of all sizes in the head, the file's length made to fit: no claim is allocated that the file does not hold.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadCache_HeadThatClaimsMuch_AllocatesNothingOfIt(bool paged)
    {
        Transformer model = Build(CachedModels.Config with { NumLayers = 1, MaxSeqLen = 1 << 20 });
        using KvCache cache = paged ? model.CreatePagedCache(2) : model.CreateCache(2);
        model.Forward([.. s_tokens[..20], .. s_tokens[..20]], cache);
        model.SaveCache(cache, File1, s_tokens[..20]);
        byte[] whole = File.ReadAllBytes(File1);
        Random random = new(5);
        for (int round = 0; round < 150; round++)
        {
            byte[] damaged = [.. whole];
            int field = 56 + 4 * random.Next(6 + 20 + 4 + (paged ? 2 : 0));
            int value = random.Next(5) switch { 0 => int.MaxValue, 1 => -1, 2 => 1 << random.Next(31), 3 => random.Next(100), _ => random.Next() };
            if (BitConverter.ToInt32(damaged, field) == value) continue;
            BitConverter.TryWriteBytes(damaged.AsSpan(field), value);
            File.WriteAllBytes(File2, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Refused(model, $"field at {field} is {value}");
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(20 << 20);
        }
    }

    [Fact]
    public void SaveCache_WhatIsNotForFiles_IsAClearError()
    {
        Transformer mamba = MixerModels.Make("mamba"), both = Build((CachedModels.Config with { NumLayers = 2, MaxSeqLen = 64 }).WithEncoder()), globals = Build(CachedModels.ConfigOf("longformer"));
        using KvCache states = mamba.CreateCache(), memory = both.CreateCache(), tokens = globals.CreateCache();
        Should.Throw<NotSupportedException>(() => mamba.SaveCache(states, File1)).Message.ShouldContain("SaveCache: the cache holds the states of MambaMixer layers");
        both.Encode(new SourceRows([1, 2]), memory);
        Should.Throw<NotSupportedException>(() => both.SaveCache(memory, File1)).Message.ShouldContain("what an encoder has read");
        globals.Forward([1, 2, 3], tokens);
        Should.Throw<NotSupportedException>(() => globals.SaveCache(tokens, File1)).Message.ShouldContain("global tokens");
        Transformer model = Build(CachedModels.Config), reference = new(CachedModels.Config, new RandomWeights(1, 3, Device.Reference));
        using KvCache doubles = reference.CreateCache();
        Should.Throw<NotSupportedException>(() => reference.SaveCache(doubles, File1)).Message.ShouldContain("those of the CPU");
        Should.Throw<ArgumentException>(() => model.SaveCache(states, File1));
        Directory.GetFiles(_folder).ShouldBeEmpty("nothing is left behind");
        File.WriteAllText(File1, "hello");
        Should.Throw<FileFormatException>(() => model.LoadCache(File1, out _)).Message.ShouldContain("this is no saved cache");
        Should.Throw<IOException>(() => model.LoadCache(File2, out _)).Message.ShouldContain("b.cache");
    }

    private void Refused(Transformer model, string what)
    {
        FileFormatException error = Should.Throw<FileFormatException>(() => model.LoadCache(File2, out _).Dispose(), what);
        error.Message.ShouldContain("b.cache");
    }

    private static Transformer Build(ModelConfig config) => new(config, new RandomWeights(1, config.NumLayers));
}
