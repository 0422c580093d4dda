using Heed.Inference;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Tests.Formats;
using Heed.Tests.Models;
using Heed.Tests.Models.Adapters;

namespace Heed.Tests.Inference;

/// <summary>A model that is loaded with adapters.</summary>
public sealed class AdapterLoadingTests
{
    [Fact]
    public void Load_AdapterPath_GivesTheAdaptedModel()
    {
        using TempFolder temp = new();
        string path = LanguageModelTests.Shipped.Path;
        LoraConfig lora = new() { Rank = 2 };
        float[] expected;
        using (Checkpoint checkpoint = Checkpoint.Open(path))
        {
            Heed.Models.Transformer adapted = LoraModel.Filled(new(checkpoint.Config, new LoraWeights(checkpoint.Weights(), checkpoint.Config, lora)));
            PeftAdapter.Write(adapted, lora, temp.Root);
            expected = GoldenModel.Forward(adapted, LoraModel.Tokens);
        }
        using LanguageModel plain = LanguageModel.Load(path), loaded = LanguageModel.Load(path, new LoadOptions { AdapterPath = temp.Root });
        GoldenModel.Forward(loaded.Transformer, LoraModel.Tokens).ShouldBe(expected);
        GoldenModel.Forward(plain.Transformer, LoraModel.Tokens).ShouldNotBe(expected);
        Should.Throw<IOException>(() => LanguageModel.Load(path, new LoadOptions { AdapterPath = temp.File("absent") }));
    }
}
