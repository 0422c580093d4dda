namespace Heed.Tensors;

/// <summary>The checks that masks share.</summary>
internal static class MaskErrors
{
    /// <summary>Fails unless <paramref name="got"/> is at least <paramref name="least"/>.</summary>
    public static void AtLeast(string mask, string argument, int got, int least)
    {
        if (got < least) throw new ArgumentOutOfRangeException(argument, got, $"AttentionMask.{mask}: got {got} as {argument}; expected {least} or more.");
    }

    /// <summary>The number of rows that two masks speak of together: 1 and −1 fit any other.</summary>
    public static int Common(string operation, string what, AttentionMask left, int leftRows, AttentionMask right, int rightRows)
    {
        if (leftRows > 1 && rightRows > 1 && leftRows != rightRows)
            TensorErrors.Argument($"AttentionMask {operation}: {left} speaks of {leftRows} {what}, {right} of {rightRows}; expected the same number.");
        if (leftRows is 1) return rightRows;
        return leftRows > 1 || rightRows is 1 ? leftRows : rightRows;
    }
}
