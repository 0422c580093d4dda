using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>Makes packed matrices for tests.</summary>
internal static class PackedMatrix
{
    public static NativeBuffer Create(ReadOnlySpan<float> w, int n, int k, out PackedPanels panels)
    {
        NativeBuffer buffer = new(PackedPanels.FloatCount(n, k) * sizeof(float));
        panels = new PackedPanels(buffer, 0, n, k);
        panels.Pack(w);
        return buffer;
    }
}
