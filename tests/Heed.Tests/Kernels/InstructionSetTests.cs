using System.Globalization;
using System.Runtime.Intrinsics;

namespace Heed.Tests.Kernels;

/// <summary>Holds CI's runs without an instruction set to what they claim; see .ci/run.</summary>
public sealed class InstructionSetTests
{
    private const string ExpectedBits = "HEED_TEST_VECTOR_BITS";

    /// <summary>That the switch really reached the runtime, without which the other tests of such a run would prove nothing.</summary>
    [Fact]
    public void VectorWidth_IsTheOneAskedFor()
    {
        string? expected = Environment.GetEnvironmentVariable(ExpectedBits);
        int bits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        int limit = expected is null ? 512 : int.Parse(expected, CultureInfo.InvariantCulture);
        bits.ShouldBeLessThanOrEqualTo(limit);
    }
}
