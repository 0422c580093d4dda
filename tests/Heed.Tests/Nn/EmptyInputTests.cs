using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Nn;

/// <summary>Layers that mix positions, where there are none.</summary>
public sealed class EmptyInputTests
{
    private const int Hidden = 8;

    public static TheoryData<string> Mixers => ["attention", "aft", "linformer", "hard"];

    [Theory, MemberData(nameof(Mixers))]
    public void Forward_EmptyBatch_IsEmpty(string name) =>
        Make(name).Forward(Tensor.Zeros(new Shape(0, 3, Hidden))).Shape.ShouldBe(new Shape(0, 3, Hidden));

    [Theory, MemberData(nameof(Mixers))]
    public void Forward_EmptySequence_SaysSo(string name) =>
        Should.Throw<ArgumentException>(() => Make(name).Forward(Tensor.Zeros(new Shape(2, 0, Hidden)))).Message.ShouldContain("sequences without positions");

    private static SequenceMixer Make(string name)
    {
        Linear qkv = Layer(3 * Hidden), output = Layer(Hidden);
        return name switch
        {
            "attention" => new SelfAttention(qkv, output, 2, Hidden / 2, new AttentionOptions(1)),
            "aft" => new AttentionFreeMixer(qkv, output, PositionBias.None, causal: true),
            "linformer" => new Linformer(qkv, output, 2, Tensor.Zeros(new Shape(4, 6)), null),
            _ => new HardAttention(qkv, output, 2, true, 1),
        };
    }

    private static DenseLinear Layer(int outputs) => new(Tensor.Zeros(new Shape(outputs, Hidden)));
}
