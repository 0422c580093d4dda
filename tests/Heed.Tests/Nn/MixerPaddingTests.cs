using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Models;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>Padding inside mixers: whatever stands there, nothing of it reaches a token, and no gradient reaches it.</summary>
public sealed class MixerPaddingTests
{
    private const int Hidden = 16;

    // Two tokens of padding on the left of the first row, three on the right of the second.
    private static readonly int[] s_positions = [-1, -1, 0, 1, 2, 3, 0, 1, 2, -1, -1, -1];
    private static readonly int[] s_tokens = [2, 3, 4, 5, 6, 7, 8];

    public static TheoryData<string> Causal => MixerModels.Causal;

    public static TheoryData<string> BothWays => MixerModels.BothWays;

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Inner_OfRowsWithNaNAsPadding_HasTheBitsOfTheTokensAlone(string name)
    {
        SequenceMixer mixer = MixerModels.Make(name).Blocks[0].Mixer;
        bool bothWays = MixerModels.ConfigOf(name).Bidirectional;
        Tensor clean = Input(0), x = Input(float.NaN);
        int[] padded = Bits(mixer.Inner(x, new ForwardPass(new OwnRows(2, s_positions, default, 0, seed: null, bothWays)), 0), s_tokens);
        int[] first = Bits(mixer.Inner(clean.Slice(0, 0, 1).Slice(1, 2, 4).Contiguous(), new ForwardPass(new OwnRows(1, [0, 1, 2, 3], default, 0, seed: null, bothWays)), 0), [0, 1, 2, 3]);
        int[] second = Bits(mixer.Inner(clean.Slice(0, 1, 1).Slice(1, 0, 3).Contiguous(), new ForwardPass(new OwnRows(1, [0, 1, 2], default, 0, seed: null, bothWays)), 0), [0, 1, 2]);
        padded.ShouldBe([.. first, .. second]);
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Inner_OfRowsWithPadding_PassesNoGradientToIt(string name)
    {
        SequenceMixer mixer = MixerModels.Make(name).Blocks[0].Mixer;
        Tensor x = Input(1000);
        x.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor y = mixer.Inner(x, new ForwardPass(new OwnRows(2, s_positions, default, 0, seed: null, MixerModels.ConfigOf(name).Bidirectional)), 0);
        tape.Backward(y, Samples.Make(5, y.Shape.ToArray(), Device.Cpu));
        float[] gradient = x.Gradient!.ToArray();
        for (int token = 0; token < s_positions.Length; token++)
        {
            float[] own = gradient[(token * Hidden)..((token + 1) * Hidden)];
            if (s_positions[token] < 0) own.ShouldAllBe(slope => slope == 0);
            else own.ShouldContain(slope => slope != 0);
        }
    }

    [Theory, MemberData(nameof(Causal))]
    public void Inner_WithACacheAndNaNAsPadding_HasTheBitsOfTheTokensAlone(string name)
    {
        Transformer model = MixerModels.Make(name);
        int[][] results = [.. new[] { 0, float.NaN }.Select(padding =>
        {
            using KvCache cache = model.CreateCache(batch: 2);
            Tensor y = model.Blocks[0].Mixer.Inner(Input(padding), new ForwardPass(s_positions, cache, cache.Reserve(s_positions)), 0);
            int[] more = [4, 3];
            Tensor next = model.Blocks[0].Mixer.Inner(Samples.Make(7, [2, 1, Hidden], Device.Cpu), new ForwardPass(more, cache, cache.Reserve(more)), 0);
            return (int[])[.. Bits(y, s_tokens), .. Samples.Bits(next)];
        })];
        results[1].ShouldBe(results[0]);
    }

    private static Tensor Input(float padding)
    {
        Tensor x = Samples.Make(3, [2, 6, Hidden], Device.Cpu).Contiguous();
        for (int token = 0; token < s_positions.Length; token++)
            if (s_positions[token] < 0) x.AsSpan().Slice(token * Hidden, Hidden).Fill(padding);
        return x;
    }

    private static int[] Bits(Tensor y, int[] tokens)
    {
        int size = y.Shape[2];
        int[] all = Samples.Bits(y);
        return [.. tokens.SelectMany(token => all[(token * size)..((token + 1) * size)])];
    }
}
