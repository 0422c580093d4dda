using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class BatchedMatMulTests
{
    public static TheoryData<Layout, Layout> Cases()
    {
        TheoryData<Layout, Layout> cases = [];
        foreach (Layout a in Enum.GetValues<Layout>())
            foreach (Layout b in Enum.GetValues<Layout>()) cases.Add(a, b);
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void MatMul_AnySizesAndLayouts_MatchesReference(Layout layoutA, Layout layoutB)
    {
        int[][] sizes = [[1, 1, 1, 1], [2, 3, 4, 5], [3, 1, 17, 33], [3, 17, 33, 1], [2, 5, 0, 3], [0, 2, 2, 2], [1, 0, 3, 4], [1, 33, 70, 40], [40, 5, 10, 7]];
        foreach (int[] s in sizes)
        {
            Tensor got = Multiply(Samples.Make(1, layoutA, [s[0], s[1], s[2]], Device.Cpu), Samples.Make(2, layoutB, [s[0], s[2], s[3]], Device.Cpu));
            Tensor expected = Multiply(Samples.Make(1, layoutA, [s[0], s[1], s[2]], Device.Reference), Samples.Make(2, layoutB, [s[0], s[2], s[3]], Device.Reference));
            Samples.ShouldMatch(got, expected, 1e-6, 1e-7 * 9 * Math.Max(1, s[2]));
        }
    }

    [Fact]
    public void MatMul_SharedRightMatrix_MatchesOwnCopies()
    {
        Tensor a = Samples.Make(1, [4, 9, 21], Device.Cpu), b = Samples.Make(2, [1, 21, 30], Device.Cpu).BroadcastTo(new Shape(4, 21, 30));
        Samples.Bits(Multiply(a, b)).ShouldBe(Samples.Bits(Multiply(a, b.Contiguous())));
    }

    [Fact]
    public void MatMul_Output_IsOneFusedChainOverK()
    {
        Tensor a = Samples.Make(1, [1, 3, 600], Device.Cpu), b = Samples.Make(2, [1, 600, 20], Device.Cpu);
        float sum = 0;
        for (int p = 0; p < 600; p++) sum = MathF.FusedMultiplyAdd(a.AsSpan()[600 + p], b.AsSpan()[20 * p + 7], sum);
        Multiply(a, b).AsSpan()[20 + 7].ShouldBe(sum);
    }

    [Fact]
    public void MatMul_AnyThreadCount_GivesTheSameBits()
    {
        foreach (int[] s in new int[][] { [1, 100, 90, 300], [60, 20, 20, 20], [3, 150, 120, 140] })
        {
            int[][] results = [.. Enumerable.Range(1, 4).Select(threads =>
            {
                Device device = Device.CreateCpu(threads);
                return Samples.Bits(Multiply(Samples.Make(1, [s[0], s[1], s[2]], device), Samples.Make(2, [s[0], s[2], s[3]], device)));
            })];
            foreach (int[] result in results[1..]) result.ShouldBe(results[0]);
        }
    }

    private static Tensor Multiply(Tensor a, Tensor b)
    {
        Tensor result = Tensor.Full(new Shape(a.Shape[0], a.Shape[1], b.Shape[2]), double.NaN, a.Device);
        a.Backend.MatMul(a, b, result);
        return result;
    }
}
