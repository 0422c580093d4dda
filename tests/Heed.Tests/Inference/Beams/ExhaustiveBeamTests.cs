using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Inference.Beams;

/// <summary>As many beams as there are texts find the best of all texts, which are counted out.</summary>
public sealed class ExhaustiveBeamTests
{
    private static readonly int[] s_prompt = [0, 1, 1, 0];

    public static TheoryData<int, int, double, bool, BeamStopping> Cases
    {
        get
        {
            TheoryData<int, int, double, bool, BeamStopping> cases = [];
            int i = 0;
            foreach ((int vocab, int depth) in new[] { (2, 5), (3, 4), (4, 4), (6, 3), (3, 5) })
                foreach (double alpha in new[] { 0, 0.6, 1, -0.5 })
                    foreach (bool ends in new[] { true, false })
                        cases.Add(vocab, depth, alpha, ends, (BeamStopping)(i++ % 3));
            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Row31_AsManyBeamsAsTexts_FindsTheBestOfAllTextsInOrder(int vocab, int depth, double alpha, bool ends, BeamStopping stopping)
    {
        using LanguageModel model = BeamModels.Tiny(vocab, seed: 10 * vocab + depth);
        int end = ends ? vocab - 1 : -1, beams = (int)Math.Pow(vocab, depth);
        List<(int[] Tokens, double Score)> all = BeamModels.All(tokens => BeamModels.LogSoftmax(BeamModels.Logits(model, [.. s_prompt, .. tokens])), depth, end, alpha);
        BeamOptions options = new() { Beams = beams, ReturnCount = Math.Min(8, beams), LengthPenalty = alpha, Stopping = stopping };
        BeamResult result = await BeamModels.Search(model, s_prompt, options, new GenerationOptions { MaxTokens = depth, StopTokens = ends ? [end] : [] });
        result.Hypotheses.Count.ShouldBe(Math.Min(8, all.Count));
        for (int i = 0; i < result.Hypotheses.Count; i++)
        {
            BeamHypothesis text = result.Hypotheses[i];
            text.TokenIds.ShouldBe(all[i].Tokens, $"place {i}");
            text.Score.ShouldBe(all[i].Score, 1e-5);
            text.FinishReason.ShouldBe(text.TokenIds[^1] == end ? FinishReason.Stop : FinishReason.MaxTokens);
        }
    }

    /// <summary>Where no open text can beat the finished ones, going on to the bound finds nothing better.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.8)]
    [InlineData(-0.7)]
    public async Task SearchAsync_UntilSettled_FindsWhatGoingToTheBoundFinds(double alpha)
    {
        int[] steps = new int[2];
        for (int seed = 0; seed < 12; seed++)
        {
            using LanguageModel model = BeamModels.Tiny(5, seed);
            GenerationOptions options = new() { MaxTokens = 24, StopTokens = [4, 3] };
            BeamHypothesis[] found = new BeamHypothesis[2];
            foreach (BeamStopping stopping in new[] { BeamStopping.WhenSettled, BeamStopping.AtBound })
            {
                int index = stopping == BeamStopping.AtBound ? 1 : 0;
                Steps progress = new();
                BeamOptions beams = new() { Beams = 3, LengthPenalty = alpha, Stopping = stopping };
                found[index] = (await model.SearchAsync(s_prompt, beams, options, progress)).Hypotheses[0];
                steps[index] += progress.Count;
            }
            found[0].TokenIds.ShouldBe(found[1].TokenIds, $"seed {seed}");
            found[0].Score.ShouldBe(found[1].Score);
        }
        if (alpha <= 0) steps[0].ShouldBeLessThan(steps[1], "it stops earlier");
    }

    /// <summary>
    /// A number that is added to all logits after a text says nothing; summed raw logits would take it for likelihood. Each row of the output
    /// layer gets the same vector here, whose product with the stream is another number after every text and the same for all tokens.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Row31_ConstantOnAllLogits_ChangesNoChoice(int seed)
    {
        ModelConfig config = new() { HiddenSize = 16, IntermediateSize = 24, NumLayers = 1, NumHeads = 2, VocabSize = 5, MaxSeqLen = 32 };
        using LanguageModel plain = BeamModels.Tiny(5, seed, config), shifted = BeamModels.Tiny(5, seed, config);
        Parameter output = shifted.Transformer.Parameters.Single(parameter => parameter.Name == WeightNames.Output + ".weight");
        Random random = new(seed);
        float[] vector = [.. Enumerable.Range(0, 16).Select(_ => (float)(8 * random.NextDouble() - 4))], weights = output.Value.ToArray();
        for (int i = 0; i < weights.Length; i++) weights[i] += vector[i % 16];
        output.Value.Assign(Tensor.From(weights, output.Value.Shape));
        float[] a = BeamModels.Logits(plain, s_prompt), b = BeamModels.Logits(shifted, s_prompt);
        Math.Abs(b[0] - a[0]).ShouldBeGreaterThan(0.01f);
        Math.Abs((b[1] - a[1]) - (b[0] - a[0])).ShouldBeLessThan(1e-4f);
        BeamOptions beams = new() { Beams = 4, ReturnCount = 4 };
        GenerationOptions options = new() { MaxTokens = 10, StopTokens = [4] };
        BeamResult expected = await BeamModels.Search(plain, s_prompt, beams, options), got = await BeamModels.Search(shifted, s_prompt, beams, options);
        got.Hypotheses.Count.ShouldBe(expected.Hypotheses.Count);
        for (int i = 0; i < got.Hypotheses.Count; i++)
        {
            got.Hypotheses[i].TokenIds.ShouldBe(expected.Hypotheses[i].TokenIds);
            got.Hypotheses[i].Score.ShouldBe(expected.Hypotheses[i].Score, 1e-4);
        }
    }

    private sealed class Steps : IProgress<BeamProgress>
    {
        public int Count { get; private set; }

        public void Report(BeamProgress value) => Count++;
    }
}
