using System.Diagnostics.CodeAnalysis;

namespace Heed.Tensors;

/// <summary>
/// A parsed einsum equation: a label per axis of every operand and of the output, with the labels' sizes. Letters are
/// labels 0 to 51 in the order A…Z, a…z; axes that an ellipsis covers are labels from 52 on, counted from the last one.
/// </summary>
internal sealed class EinsumEquation
{
    public const int MaxLabels = Letters + Shape.MaxRank;

    private const int Letters = 52;
    private const string Ellipsis = "...";

    private readonly string _text;
    private readonly int[] _sizes = new int[MaxLabels];
    private int _broadcastAxes;

    public EinsumEquation(string text, ReadOnlySpan<Tensor> operands)
    {
        _text = text;
        string compact = text.Replace(" ", "", StringComparison.Ordinal);
        int arrow = compact.IndexOf("->", StringComparison.Ordinal);
        string[] inputs = (arrow < 0 ? compact : compact[..arrow]).Split(',');
        if (operands.Length == 0 || inputs.Length != operands.Length)
            Fail($"it names {inputs.Length} operands, got {operands.Length}");
        Operands = new int[inputs.Length][];
        for (int i = 0; i < inputs.Length; i++) Operands[i] = ReadOperand(i, inputs[i], operands[i].Shape);
        Output = arrow < 0 ? ImplicitOutput() : ReadOutput(compact[(arrow + 2)..]);
    }

    /// <summary>The labels of each operand's axes; one may repeat.</summary>
    public int[][] Operands { get; }

    /// <summary>The labels of the output's axes; none repeats.</summary>
    public int[] Output { get; }

    /// <summary>The size of a label: that of its axes that are not 1, or 1.</summary>
    public int SizeOf(int label) => _sizes[label];

    private int[] ReadOperand(int operand, string subscripts, in Shape shape)
    {
        int[] letters = ReadLetters($"operand {operand}", subscripts, out int ellipsis);
        int covered = shape.Rank - letters.Length;
        if (ellipsis < 0 ? covered != 0 : covered < 0)
            Fail($"operand {operand} '{subscripts}' has {letters.Length} subscripts, got shape {shape} with {shape.Rank} axes");
        int[] labels = ellipsis < 0 ? letters : WithEllipsis(letters, ellipsis, covered);
        if (ellipsis >= 0) _broadcastAxes = Math.Max(_broadcastAxes, covered);
        for (int axis = 0; axis < labels.Length; axis++)
        {
            int first = Array.IndexOf(labels, labels[axis]);
            if (shape[first] != shape[axis])
                Fail($"'{NameOf(labels[axis])}' repeats in operand {operand} {shape} with sizes {shape[first]} and {shape[axis]}; they must be equal");
            ref int size = ref _sizes[labels[axis]];
            bool known = operand > 0 && IsUsed(labels[axis], operand);
            if (!known || size == 1) size = shape[axis];
            else if (shape[axis] != 1 && shape[axis] != size)
                Fail($"'{NameOf(labels[axis])}' has size {shape[axis]} in operand {operand} {shape}, expected {size} as in an operand before it");
        }
        return labels;
    }

    private bool IsUsed(int label, int operands)
    {
        for (int i = 0; i < operands; i++)
            if (Array.IndexOf(Operands[i], label) >= 0) return true;
        return false;
    }

    private int[] ReadOutput(string subscripts)
    {
        int[] letters = ReadLetters("the output", subscripts, out int ellipsis);
        foreach (int label in letters)
        {
            if (!IsUsed(label, Operands.Length)) Fail($"output subscript '{NameOf(label)}' is in no operand");
            if (letters.Count(other => other == label) > 1) Fail($"output subscript '{NameOf(label)}' repeats");
        }
        if (ellipsis >= 0) return WithEllipsis(letters, ellipsis, _broadcastAxes);
        if (_broadcastAxes > 0) Fail($"ellipses cover {_broadcastAxes} axes of the operands, expected '...' in the output too");
        return letters;
    }

    /// <summary>The ellipsis' axes, then all letters that occur once, in alphabetical order.</summary>
    private int[] ImplicitOutput()
    {
        int[] once = [.. Operands.SelectMany(labels => labels).Where(label => label < Letters)
            .GroupBy(label => label).Where(group => group.Count() == 1).Select(group => group.Key).Order()];
        return WithEllipsis(once, 0, _broadcastAxes);
    }

    /// <summary>The letters of one term as labels, and where its ellipsis stands among them, or −1.</summary>
    private int[] ReadLetters(string term, string subscripts, out int ellipsis)
    {
        List<int> labels = [];
        ellipsis = -1;
        for (int i = 0; i < subscripts.Length; i++)
        {
            char c = subscripts[i];
            if (c is >= 'A' and <= 'Z') labels.Add(c - 'A');
            else if (c is >= 'a' and <= 'z') labels.Add(c - 'a' + 26);
            else if (c == '.' && string.CompareOrdinal(subscripts, i, Ellipsis, 0, 3) == 0)
            {
                if (ellipsis >= 0) Fail($"{term} '{subscripts}' has two ellipses, expected at most one");
                ellipsis = labels.Count;
                i += 2;
            }
            else Fail($"{term} '{subscripts}' holds '{c}', expected letters, '...', ',' and one '->'");
        }
        return [.. labels];
    }

    private static int[] WithEllipsis(int[] letters, int place, int covered)
    {
        int[] labels = new int[letters.Length + covered];
        letters.AsSpan(0, place).CopyTo(labels);
        for (int i = 0; i < covered; i++) labels[place + i] = Letters + covered - 1 - i;
        letters.AsSpan(place).CopyTo(labels.AsSpan(place + covered));
        return labels;
    }

    private static string NameOf(int label) => label < 26 ? ((char)('A' + label)).ToString() : label < Letters ? ((char)('a' + label - 26)).ToString() : Ellipsis;

    [DoesNotReturn]
    private void Fail(string problem) => TensorErrors.Argument($"Einsum: equation '{_text}': {problem}.");
}
