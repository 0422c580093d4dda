using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Tests.Models;

/// <summary>Models whose tokens see all of their row or document.</summary>
public sealed class BidirectionalTests
{
    private static readonly ModelConfig s_encoder = new()
    {
        HiddenSize = 16,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        IntermediateSize = 24,
        VocabSize = 11,
        MaxSeqLen = 256,
        Bidirectional = true,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forward_LastTokenChanges_FirstTokenKnowsIfItSeesBothWays(bool bothWays)
    {
        Transformer model = Random(s_encoder with { Bidirectional = bothWays });
        float[] one = Logits(model, [1, 2, 3, 4, 5]), other = Logits(model, [1, 2, 3, 4, 9]);
        one[..11].SequenceEqual(other[..11]).ShouldBe(!bothWays);
    }

    [Fact]
    public void Forward_WithoutPositions_IsEquivariantToPermutations()
    {
        Transformer model = Random(s_encoder with { Positions = PositionKind.None }, Device.Reference);
        int[] tokens = [1, 4, 2, 7, 3, 9, 10], order = [3, 0, 6, 1, 5, 2, 4];
        double[] straight = Wide(model.Forward(tokens, rows: LogitRows.All)), mixed = Wide(model.Forward([.. order.Select(i => tokens[i])], rows: LogitRows.All));
        for (int i = 0; i < order.Length; i++)
            for (int v = 0; v < 11; v++) mixed[i * 11 + v].ShouldBe(straight[order[i] * 11 + v], 1e-12);
    }

    [Fact]
    public void Forward_RotaryPositionsMovedAlong_IsEquivariantToPermutations()
    {
        Transformer model = Random(s_encoder, Device.Reference);
        int[] tokens = [1, 4, 2, 7, 3], order = [3, 0, 4, 1, 2];
        double[] straight = Wide(model.Forward(tokens, rows: LogitRows.All)), mixed = Wide(model.Forward([.. order.Select(i => tokens[i])], positions: order, rows: LogitRows.All));
        for (int i = 0; i < order.Length; i++)
            for (int v = 0; v < 11; v++) mixed[i * 11 + v].ShouldBe(straight[order[i] * 11 + v], 1e-12);
    }

    [Fact]
    public void Forward_RelativeBuckets_TellBeforeFromAfter()
    {
        ModelConfig config = s_encoder with { NumLayers = 1, Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 6 };
        Transformer model = Random(config);
        // The token in the middle sees the same tokens at the same distances, on the other side.
        float[] forth = Logits(model, [1, 2, 3]), back = Logits(model, [3, 2, 1]);
        forth[11..22].ShouldNotBe(back[11..22]);
        Transformer alibi = Random(config with { Positions = PositionKind.Alibi });
        forth = Logits(alibi, [1, 2, 3]);
        back = Logits(alibi, [3, 2, 1]);
        for (int i = 11; i < 22; i++) forth[i].ShouldBe(back[i], 1e-5f);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Forward_PaddedRows_HaveTheBitsOfSingleOnes(int window)
    {
        Transformer model = Random(s_encoder with { Window = window });
        int[] first = [1, 4, 2, 7, 3], second = [9, 10, 5], third = [6, 2, 2, 8];
        int[] positions = [0, 1, 2, 3, 4, -1, -1, -1, 0, 1, 2, -1, 0, 1, 2, 3, -1, -1];
        float[] padded = Logits(model, [.. first, 0, 0, 0, .. second, 0, .. third, 0, 0], positions, 3);
        padded[..(5 * 11)].ShouldBe(Logits(model, first));
        padded[(8 * 11)..(11 * 11)].ShouldBe(Logits(model, second));
        padded[(12 * 11)..(16 * 11)].ShouldBe(Logits(model, third));
    }

    /// <summary>Several tiles of keys, and padding that would begin them elsewhere.</summary>
    [Theory]
    [InlineData(0, MixerKind.Attention)]
    [InlineData(20, MixerKind.Attention)]
    [InlineData(0, MixerKind.AftSimple)]
    [InlineData(0, MixerKind.Linformer)]
    public void Row12_LongRowsPaddedOnEitherSide_HaveTheBitsOfSingleOnes(int window, MixerKind mixer)
    {
        ModelConfig config = mixer == MixerKind.Attention ? s_encoder with { Window = window } : s_encoder with { Mixer = mixer, NumKvHeads = 4, Positions = PositionKind.Learned, LinformerSize = 5 };
        Transformer model = Random(config);
        Random random = new(6);
        int[][] rows = [.. new[] { 150, 187, 0, 70 }.Select(count => (int[])[.. Enumerable.Range(0, count).Select(_ => random.Next(11))])];
        int[] left = [37, 0, 187, 60];
        int[] tokens = new int[4 * 187], positions = new int[4 * 187];
        Array.Fill(positions, -1);
        for (int row = 0; row < 4; row++)
            for (int i = 0; i < rows[row].Length; i++) (tokens[row * 187 + left[row] + i], positions[row * 187 + left[row] + i]) = (rows[row][i], i);
        float[] padded = Logits(model, tokens, positions, 4), last = model.Forward(tokens, positions: positions, batch: 4).ToArray();
        foreach (int row in new[] { 0, 1, 3 })
        {
            float[] alone = Logits(model, rows[row]);
            padded.AsSpan((row * 187 + left[row]) * 11, alone.Length).ToArray().ShouldBe(alone, $"row {row}");
            last.AsSpan(row * 11, 11).ToArray().ShouldBe(alone[^11..], $"the last of row {row}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Loss_PackedDocuments_HaveTheBitsOfSeparateOnes(int window)
    {
        Transformer model = Random(s_encoder with { Window = window });
        int[] first = [1, 4, 2], second = [7, 3, 9, 10], packed = [.. first, .. second, 0];
        int[] positions = [0, 1, 2, 0, 1, 2, 3, 0], firstKeys = [0, 0, 0, 3, 3, 3, 3, 7];
        for (int i = 0; i < 7; i++)
        {
            int[] text = i < 3 ? first : second;
            double alone = model.Loss(text, Only(text.Length, i < 3 ? i : i - 3)).Item();
            model.Loss(packed, Only(8, i), 1, positions, firstKeys).Item().ShouldBe(alone, $"token {i}");
        }
    }

    [Theory]
    [InlineData(MixerKind.AftFull)]
    [InlineData(MixerKind.AftLocal)]
    [InlineData(MixerKind.AftSimple)]
    [InlineData(MixerKind.Linformer)]
    [InlineData(MixerKind.Hard)]
    public void Loss_OtherMixers_SeeBothWaysWithinTheirDocument(MixerKind mixer)
    {
        Transformer model = Random(s_encoder with { Mixer = mixer, NumKvHeads = 4, Positions = PositionKind.Learned, LinformerSize = 3, AftWindow = 4, HardChunk = 2 });
        int[] first = [1, 4, 2], second = [7, 3, 9, 10], packed = [.. first, .. second], positions = [0, 1, 2, 0, 1, 2, 3], firstKeys = [0, 0, 0, 3, 3, 3, 3];
        double last = model.Loss(second, Only(4, 0)).Item();
        model.Loss(packed, Only(7, 3), 1, positions, firstKeys).Item().ShouldBe(last, 1e-6);
        // Which token a hard choice falls on may not depend on the last one.
        if (mixer != MixerKind.Hard) model.Loss([7, 3, 9, 5], Only(4, 0)).Item().ShouldNotBe(last);
        packed[1] = 8;
        model.Loss(packed, Only(7, 3), 1, positions, firstKeys).Item().ShouldBe(last, 1e-6);
    }

    [Fact]
    public void Validate_Mamba_CannotSeeBothWays() =>
        Should.Throw<ArgumentException>(() => (s_encoder with { Mixer = MixerKind.Mamba, Positions = PositionKind.None }).Validate()).Message.ShouldContain("Mixer is Mamba");

    [Fact]
    public void Loss_LongPackedDocuments_HaveTheLossOfSeparateOnes()
    {
        Transformer model = Random(s_encoder);
        Random random = new(3);
        int[] first = [.. Enumerable.Range(0, 70).Select(_ => random.Next(11))], second = [.. Enumerable.Range(0, 130).Select(_ => random.Next(11))];
        int[] packed = [.. first, .. second], positions = [.. Enumerable.Range(0, 70), .. Enumerable.Range(0, 130)];
        int[] firstKeys = [.. Enumerable.Repeat(0, 70), .. Enumerable.Repeat(70, 130)];
        double together = model.Loss(packed, packed, 1, positions, firstKeys).Item();
        // Tiles of 64 keys are cut at other places of the second document: other roundings.
        together.ShouldBe((70 * model.Loss(first, first).Item() + 130 * model.Loss(second, second).Item()) / 200, 1e-6);
    }

    [Fact]
    public void Forward_Window_ReachesEquallyFarToBothSides()
    {
        Transformer model = Random(s_encoder with { NumLayers = 1, Window = 2 });
        int[] tokens = [1, 4, 2, 7, 3, 9, 10, 5, 6];
        float[] before = Logits(model, tokens);
        tokens[4] = 8;
        float[] after = Logits(model, tokens);
        for (int i = 0; i < tokens.Length; i++)
            after.AsSpan(i * 11, 11).SequenceEqual(before.AsSpan(i * 11, 11)).ShouldBe(Math.Abs(i - 4) > 2, $"token {i}");
    }

    [Fact]
    public void Forward_WithoutTape_IsTheSameAsUnderOne()
    {
        Transformer model = Random(s_encoder);
        float[] plain = Logits(model, [1, 2, 3, 4]);
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using GradientTape tape = new();
        Logits(model, [1, 2, 3, 4]).ShouldBe(plain);
        model.Forward([1, 2, 3, 4]).ToArray().ShouldBe(plain[^11..]);
    }

    [Fact]
    public void Loss_FirstKeysThatCutNoDocuments_Throws()
    {
        Transformer model = Random(s_encoder);
        Should.Throw<ArgumentException>(() => model.Loss([1, 2, 3, 4], [1, 2, 3, 4], firstKeys: [0, 0, 1, 1])).Message.ShouldContain("first key");
        Should.NotThrow(() => Random(s_encoder with { Bidirectional = false }).Loss([1, 2, 3, 4], [1, 2, 3, 4], firstKeys: [0, 0, 1, 1]));
    }

    [Fact]
    public void CacheAndText_OfAModelThatSeesBothWays_AreRefused()
    {
        Transformer model = Random(s_encoder);
        Should.Throw<NotSupportedException>(() => model.CreateCache()).Message.ShouldContain("both ways");
        using KvCache cache = Random(s_encoder with { Bidirectional = false }).CreateCache();
        Should.Throw<NotSupportedException>(() => model.Forward([1], cache)).Message.ShouldContain("without one");
        using LanguageModel language = new(model, CharacterTokenizer.Train("abc"));
        Should.Throw<NotSupportedException>(() => language.CompleteAsync("a")).Message.ShouldContain("heed fill");
        Should.Throw<NotSupportedException>(() => language.CompleteAsync(new int[] { 1 })).Message.ShouldContain("heed fill");
        Should.Throw<NotSupportedException>(() => language.StartConversation()).Message.ShouldContain("heed fill");
    }

    [Fact]
    public void Export_ToAFamilyThatIsCausal_IsRefused() =>
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(s_encoder)).Message.ShouldContain("Bidirectional");

    private static Transformer Random(ModelConfig config, Device? device = null)
    {
        Transformer model = new(config, new RandomWeights(3, config.NumLayers, device));
        Random random = new(8);
        foreach (Parameter parameter in model.Parameters)
            parameter.Value.Assign(parameter.Value + Tensor.Normal(parameter.Value.Shape, random, 0, 0.2, model.Device));
        return model;
    }

    private static float[] Logits(Transformer model, int[] tokens, int[]? positions = null, int batch = 1) =>
        model.Forward(tokens, positions: positions, batch: batch, rows: LogitRows.All).ToArray();

    private static double[] Wide(Tensor x) => x.Contiguous().Span<double>(x.ElementCount).ToArray();

    private static int[] Only(int count, int place) => [.. Enumerable.Range(0, count).Select(i => i == place ? 5 : -100)];
}
