namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class ArgMax
{
    public static int RunScalar(ReadOnlySpan<float> x)
    {
        if (x.IsEmpty)
        {
            return -1;
        }

        float best = float.NegativeInfinity;
        int found = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (x[i] > best)
            {
                best = x[i];
                found = i;
            }
        }

        return found;
    }
}
