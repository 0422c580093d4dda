using Heed.Models;
using Heed.Nn;
using Heed.Tests.Training;

namespace Heed.Tests.Models;

/// <summary>A cache that another model has filled, or that is gone.</summary>
public sealed class CacheOwnerTests
{
    [Fact]
    public void Forward_CacheFilledWithoutGlobalKeys_IsAnotherModels()
    {
        Transformer global = PatternModels.Make("longformer"), shared = PatternModels.Make("shared");
        using KvCache filled = shared.CreateCache(), own = global.CreateCache(), empty = shared.CreateCache();
        shared.Forward([1, 2, 3], filled);
        global.Forward([1, 2, 3], own);

        Should.Throw<ArgumentException>(() => global.Forward([4], filled)).Message.ShouldContain("the cache is another model's");
        Should.Throw<ArgumentException>(() => shared.Forward([4], own)).Message.ShouldContain("the cache is another model's");
        own.Clear();
        shared.Forward([4], own).ElementCount.ShouldBe(global.Forward([4], empty).ElementCount);
    }

    [Fact]
    public void Forward_MemoryOfAnotherEncoder_IsAnotherModels()
    {
        Transformer first = EncoderDecoder(1), second = EncoderDecoder(2);
        using KvCache cache = first.CreateCache();
        first.Encode(new SourceRows([1, 2, 3]), cache);

        Should.Throw<ArgumentException>(() => second.Forward([1], cache)).Message.ShouldContain("another model's");
        second.Encode(new SourceRows([1, 2, 3]), cache);
        second.Forward([1], cache).ElementCount.ShouldBe(TinyRun.Config.VocabSize);
    }

    [Fact]
    public void Encode_DisposedCache_SaysSo()
    {
        Transformer model = EncoderDecoder(1);
        KvCache cache = model.CreateCache();
        cache.Dispose();

        Should.Throw<ObjectDisposedException>(() => model.Encode(new SourceRows([1]), cache));
        Should.Throw<ObjectDisposedException>(() => model.Forward([1], cache));
    }

    private static Transformer EncoderDecoder(int seed) => new(TinyRun.Config.WithEncoder(), new RandomWeights(seed, TinyRun.Config.NumLayers));
}
