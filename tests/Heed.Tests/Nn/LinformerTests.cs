using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>Linformer beside full attention, its formula in double, and finite differences.</summary>
public sealed class LinformerTests
{
    private const int Hidden = 6, Heads = 2, HeadDim = 3, MaxLength = 7, Projected = 4;

    [Fact]
    public void Row44_CausalRequest_IsAClearError() =>
        Should.Throw<NotSupportedException>(() => new Linformer(Dense(1, 18, 6), Dense(2, 6, 6), 2, Tensor.Zeros(new Shape(4, 7)), causal: true))
            .Message.ShouldContain("causal");

    [Theory, InlineData(7), InlineData(5), InlineData(1)]
    public void Row44_IdentityProjections_EqualFullAttention(int seq)
    {
        Tensor identity = Tensor.Zeros(new Shape(seq, MaxLength));
        for (int i = 0; i < seq; i++) identity.AsSpan()[i * MaxLength + i] = 1;
        Linear qkv = Dense(1, 3 * Hidden, Hidden), output = Dense(2, Hidden, Hidden);
        Tensor x = Samples.Make(3, [2, seq, Hidden], Device.Cpu), all = qkv.Forward(x);
        Tensor[] parts = [.. Enumerable.Range(0, 3).Select(i => all.Slice(2, i * Hidden, Hidden).Reshape(2, seq, Heads, HeadDim))];
        Tensor full = Ops.Attention(parts[0], parts[1], parts[2], new AttentionOptions(1 / MathF.Sqrt(HeadDim)), causal: false);
        Samples.ShouldMatch(new Linformer(qkv, output, Heads, identity, identity).Forward(x), output.Forward(full.Reshape(2, seq, Hidden)), 1e-6, 1e-6);
    }

    /// <summary>The document's k = n/4 grows with the input; here it is what the layer was made with.</summary>
    [Fact]
    public void Row44_ProjectedLength_DoesNotGrowWithTheInput()
    {
        Linformer layer = Layer(Inputs(Device.Cpu, 7), shared: false);
        layer.ProjectedLength.ShouldBe(Projected);
        layer.Forward(Samples.Make(1, [1, 1, Hidden], Device.Cpu)).Shape.ShouldBe(new Shape(1, 1, Hidden));
        layer.Forward(Samples.Make(1, [0, 3, Hidden], Device.Cpu)).Shape.ShouldBe(new Shape(0, 3, Hidden));
        Should.Throw<ArgumentException>(() => layer.Forward(Samples.Make(1, [1, 8, Hidden], Device.Cpu))).Message.ShouldContain("at most 7");
        // Scores of n queries: with n/4 projected keys twice the length makes four times as many, with a constant number twice.
        long Scores(int n, int keys) => Samples.Make(1, [n, HeadDim], Device.Cpu).MatMul(Samples.Make(2, [HeadDim, keys], Device.Cpu)).ElementCount;
        (Scores(64, 64 / 4) / Scores(32, 32 / 4)).ShouldBe(4);
        (Scores(64, layer.ProjectedLength) / Scores(32, layer.ProjectedLength)).ShouldBe(2);
    }

    /// <summary>In training, probabilities fall to dropout: each seed has its own, and their mean is what there is without.</summary>
    [Fact]
    public void Inner_Dropout_DropsProbabilitiesAndKeepsTheMean()
    {
        const int Draws = 4000;
        Tensor[] inputs = Inputs(Device.Cpu, 5);
        Linformer layer = Layer(inputs, shared: false);
        Tensor x = inputs[0];
        Tensor Mixed(float rate, ulong? seed) => layer.Inner(x, new ForwardPass(new OwnRows(2, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4], default, rate, seed, bothWays: true)), 1);
        int[] one = Samples.Bits(Mixed(0.3f, 1));
        Samples.Bits(Mixed(0.3f, 1)).ShouldBe(one);
        Samples.Bits(Mixed(0.3f, 2)).ShouldNotBe(one);
        float[] plain = Mixed(0.3f, null).ToArray();
        Mixed(0, 1).ToArray().ShouldBe(plain);
        double[] mean = new double[plain.Length];
        for (ulong seed = 0; seed < Draws; seed++)
        {
            float[] got = Mixed(0.3f, seed).ToArray();
            for (int i = 0; i < mean.Length; i++) mean[i] += got[i] / (double)Draws;
        }
        // Values of size 3 at a rate of 0.3 spread by less than 2; five standard deviations of the mean.
        for (int i = 0; i < mean.Length; i++) mean[i].ShouldBe(plain[i], 5 * 2 / Math.Sqrt(Draws));
        mean.ShouldContain(value => Math.Abs(value) > 0.3);
    }

    [Theory, InlineData(7, true), InlineData(7, false), InlineData(5, false), InlineData(1, true)]
    public void Forward_MatchesTheFormula(int seq, bool shared)
    {
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            Tensor[] inputs = Inputs(device, seq);
            double[] x = Samples.Read(inputs[0]), qkv = Samples.Read(inputs[1]), wo = Samples.Read(inputs[2]), e = Samples.Read(inputs[3]), f = Samples.Read(inputs[shared ? 3 : 4]);
            double[] got = Samples.Read(Layer(inputs, shared).Forward(inputs[0]));
            for (int b = 0; b < 2; b++)
            {
                double[,] all = Times(x, qkv, b, seq);
                for (int t = 0; t < seq; t++)
                {
                    double[] mixed = new double[Hidden];
                    for (int h = 0; h < Heads; h++)
                    {
                        double[] scores = [.. Enumerable.Range(0, Projected).Select(p => Enumerable.Range(0, HeadDim)
                            .Sum(i => all[t, h * HeadDim + i] * Project(e, all, p, Hidden + h * HeadDim + i, seq)) / Math.Sqrt(HeadDim))];
                        double total = scores.Sum(Math.Exp);
                        for (int i = 0; i < HeadDim; i++)
                            mixed[h * HeadDim + i] = Enumerable.Range(0, Projected).Sum(p => Math.Exp(scores[p]) / total * Project(f, all, p, 2 * Hidden + h * HeadDim + i, seq));
                    }
                    for (int o = 0; o < Hidden; o++)
                        got[(b * seq + t) * Hidden + o].ShouldBe(Enumerable.Range(0, Hidden).Sum(i => mixed[i] * wo[o * Hidden + i]), ReferenceEquals(device, Device.Cpu) ? 1e-5 : 1e-6);
                }
            }
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Gradients_MatchDifferences(bool shared)
    {
        Random random = new(3);
        GradientCheck.Run(inputs => Layer(inputs, shared).Forward(inputs[0]), 1e-6, [.. Inputs(Device.Cpu, 5).Select(input => GradientCheck.Random(random, input.Shape))]);
    }

    [Fact]
    public void Parameters_SharedProjections_AreOneParameter()
    {
        Tensor[] inputs = Inputs(Device.Cpu, 5);
        Layer(inputs, shared: true).Parameters("mixer").Select(parameter => parameter.Name).ShouldBe(["mixer.qkv.weight", "mixer.output.weight", "mixer.e"]);
        Layer(inputs, shared: false).Parameters("mixer").Count().ShouldBe(4);
        Should.Throw<NotSupportedException>(() => Layer(inputs, shared: true).CreateState(1));
    }

    private static double Project(double[] projection, double[,] all, int p, int column, int seq) =>
        Enumerable.Range(0, seq).Sum(t => projection[p * MaxLength + t] * all[t, column]);

    private static double[,] Times(double[] x, double[] weight, int b, int seq)
    {
        double[,] product = new double[seq, 3 * Hidden];
        for (int t = 0; t < seq; t++)
            for (int o = 0; o < 3 * Hidden; o++)
                for (int i = 0; i < Hidden; i++) product[t, o] += x[(b * seq + t) * Hidden + i] * weight[o * Hidden + i];
        return product;
    }

    /// <summary>x, Wqkv, Wo, E, F.</summary>
    private static Tensor[] Inputs(Device device, int seq) =>
    [
        Samples.Make(1, Layout.Contiguous, [2, seq, Hidden], device, -1, 1), Samples.Make(2, Layout.Contiguous, [3 * Hidden, Hidden], device, -1, 1),
        Samples.Make(3, Layout.Contiguous, [Hidden, Hidden], device, -1, 1), Samples.Make(4, Layout.Contiguous, [Projected, MaxLength], device, -1, 1),
        Samples.Make(5, Layout.Contiguous, [Projected, MaxLength], device, -1, 1),
    ];

    private static Linformer Layer(Tensor[] inputs, bool shared) =>
        new(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), Heads, inputs[3], shared ? null : inputs[4]);

    private static DenseLinear Dense(int seed, int outFeatures, int inFeatures) => new(Samples.Make(seed, Layout.Contiguous, [outFeatures, inFeatures], Device.Cpu, -1, 1));
}
