using Heed.Models;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training;

/// <summary>F3 of the documents: loss falls with size and with the number of tokens seen (Kaplan et al. 2020, arXiv 2001.08361).</summary>
public sealed class ScalingTests
{
    [Fact]
    public async Task F3_LargerModelsAndLongerTraining_LowerTheLoss()
    {
        string text = Text();
        CharacterTokenizer tokenizer = CharacterTokenizer.Train(text);
        TokenView train = TextDataset.Split(TokenMemory.FromText(text, tokenizer), 0).Train;
        double[] bySize = [await Loss(4, 150), await Loss(8, 150), await Loss(32, 150)];
        double[] byTokens = [await Loss(16, 25), await Loss(16, 75), await Loss(16, 225)];
        foreach (double[] losses in new[] { bySize, byTokens })
        {
            losses[1].ShouldBeLessThan(losses[0] - 0.05);
            losses[2].ShouldBeLessThan(losses[1] - 0.05);
        }

        async Task<double> Loss(int hidden, int steps)
        {
            ModelConfig config = new()
            {
                HiddenSize = hidden,
                NumLayers = 1,
                NumHeads = 2,
                HeadDim = 8,
                IntermediateSize = 2 * hidden,
                VocabSize = tokenizer.VocabSize,
                MaxSeqLen = 32,
                TieEmbeddings = true,
            };
            Trainer trainer = new(new Transformer(config, new RandomWeights(1, 1)), new RandomBatches(train, 8, 32, seed: 1),
                new TrainingOptions { Steps = steps, LearningRate = 1e-2, WarmupSteps = 5, ValidateEvery = 0 });
            List<double> losses = [];
            await foreach (TrainingStep step in trainer.RunAsync()) losses.Add(step.Loss);
            return losses[^10..].Average();
        }
    }

    /// <summary>Sentences by chance from a few words: something to learn at every scale.</summary>
    private static string Text()
    {
        Random random = new(3);
        string[] names = ["the fox", "a badger", "my uncle", "the old queen", "a kite"], verbs = ["saw", "followed", "lost", "remembered", "sang to"];
        string Pick(string[] from) => from[random.Next(from.Length)];
        return string.Concat(Enumerable.Range(0, 400).Select(_ => $"{Pick(names)} {Pick(verbs)} {Pick(names)}. "));
    }
}
