using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Operations against PyTorch's results, on the CPU and on the reference device.</summary>
public class LayerGoldenTests
{
    public static TheoryData<string> Cases(string operation) => [.. LayerGolden.Read(operation).Select(golden => golden.Name)];

    [Theory, MemberData(nameof(Cases), "einsum")]
    public void Einsum_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("einsum", name);
        golden.ShouldGive(device => Ops.Einsum(golden.Word("equation")!, golden.Inputs(device)));
    }

    [Theory, MemberData(nameof(Cases), "linear")]
    public void Linear_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("linear", name);
        golden.ShouldGive(device => Ops.Linear(golden.Input("x", device), golden.Input("weight", device), golden.Has("bias") ? golden.Input("bias", device) : null));
    }

    [Theory, MemberData(nameof(Cases), "embedding")]
    public void Gather_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("embedding", name);
        golden.ShouldGive(device => Ops.Gather(golden.Input("weight", device), golden.Integers("tokens")!).Reshape(2, 4, -1));
    }

    [Theory, MemberData(nameof(Cases), "rms_norm")]
    public void RmsNorm_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("rms_norm", name);
        golden.ShouldGive(device =>
        {
            Tensor weight = golden.Input("weight", device);
            return Ops.RmsNorm(golden.Input("x", device), golden.Flag("unit_offset") ? weight + 1 : weight, (float)golden.Number("eps")!.Value);
        });
    }

    [Theory, MemberData(nameof(Cases), "layer_norm")]
    public void LayerNorm_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("layer_norm", name);
        golden.ShouldGive(device => Ops.LayerNorm(golden.Input("x", device), golden.Input("weight", device), golden.Input("bias", device), (float)golden.Number("eps")!.Value));
    }

    [Theory, MemberData(nameof(Cases), "softmax")]
    public void Softmax_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("softmax", name);
        golden.ShouldGive(device => Ops.Softmax(golden.Input("x", device)));
    }

    [Theory]
    [InlineData("silu", Activation.Silu)]
    [InlineData("gelu_tanh", Activation.GeluTanh)]
    [InlineData("gelu_erf", Activation.GeluErf)]
    public void Activate_MatchesPyTorch(string operation, Activation activation)
    {
        foreach (LayerGolden golden in LayerGolden.Read(operation)) golden.ShouldGive(device => Ops.Activate(golden.Input("x", device), activation));
    }

    [Fact]
    public void Gated_MatchesPyTorch()
    {
        LayerGolden product = LayerGolden.Read("swiglu", "product"), layer = LayerGolden.Read("swiglu", "feed_forward");
        product.ShouldGive(device => Ops.Gated(Ops.Concat(^1, product.Input("gate", device), product.Input("up", device)), Activation.Silu));
        layer.ShouldGive(device =>
        {
            Tensor both = Ops.Concat(0, layer.Input("gate_weight", device), layer.Input("up_weight", device));
            return Ops.Linear(Ops.Gated(Ops.Linear(layer.Input("x", device), both), Activation.Silu), layer.Input("down_weight", device));
        });
    }

    [Theory, MemberData(nameof(Cases), "rope")]
    public void Rope_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("rope", name);
        int[] angles = [.. golden.Integers("positions")!.Distinct()]; // a table of the positions in use stands in for one of 100000 rows
        int[] positions = [.. golden.Integers("positions")!.Select(position => Array.IndexOf(angles, position))];
        int pairs = (int)golden.Number("rotary_dim")!.Value / 2, count = angles.Length;
        float[] cos = new float[count * pairs], sin = new float[count * pairs];
        for (int i = 0; i < cos.Length; i++)
        {
            double angle = angles[i / pairs] * Math.Pow(golden.Number("theta")!.Value, -(double)(i % pairs) / pairs);
            (cos[i], sin[i]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
        }
        RopeLayout layout = golden.Word("layout") == "interleaved" ? RopeLayout.Interleaved : RopeLayout.HalfSplit;
        Shape shape = new(count, pairs);
        golden.ShouldGive(device => Ops.RopeInPlace(golden.Input("x", device), Tensor.From(cos, shape, device), Tensor.From(sin, shape, device), positions, layout));
        // A strided view is turned where it lies.
        golden.ShouldGive(device =>
        {
            Tensor x = Ops.Concat(0, golden.Input("x", device), golden.Input("x", device)).Slice(0, 0, golden.Input("x", device).Shape[0]);
            Tensor heads = x.Permute(0, 2, 1, 3).Contiguous().Permute(0, 2, 1, 3);
            Ops.RopeInPlace(heads, Tensor.From(cos, shape, device), Tensor.From(sin, shape, device), positions, layout);
            return heads;
        });
    }

    /// <summary>The attention cases without linear biases, which are not an option of the fused operation yet.</summary>
    public static TheoryData<string> AttentionCases() =>
        [.. LayerGolden.Read("attention").Where(golden => golden.IsNull("alibi_slopes")).Select(golden => golden.Name)];

    [Theory, MemberData(nameof(AttentionCases))]
    public void Attention_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("attention", name);
        AttentionOptions options = new((float)golden.Number("scale")!.Value, (float)(golden.Number("softcap") ?? 0), (int)(golden.Number("window") ?? 0));
        int[] padding = golden.Integers("key_padding") ?? [];
        golden.ShouldGive(device =>
        {
            Tensor q = golden.Input("q", device).Transpose(1, 2), k = golden.Input("k", device).Transpose(1, 2), v = golden.Input("v", device).Transpose(1, 2);
            int keys = k.Shape[1];
            int[] firstKeys = [.. padding.Chunk(keys).Select(row => Array.IndexOf(row, 1))];
            return Ops.Attention(q, k, v, options, golden.Flag("causal"), firstKeys).Transpose(1, 2);
        });
    }
}
