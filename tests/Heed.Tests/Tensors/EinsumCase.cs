using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>A random einsum and its value by plain loops over all labels, in double.</summary>
internal sealed class EinsumCase
{
    private const char Ellipsis = '.';
    private readonly Dictionary<string, int> _sizes = new(StringComparer.Ordinal);
    private readonly List<List<string>> _operandLabels = [];
    private readonly List<string> _outputLabels;

    public EinsumCase(int seed)
    {
        Random random = new(seed);
        string alphabet = random.Next(3) == 0 ? "aBc" : "ijkLm";
        foreach (char letter in alphabet) _sizes[letter.ToString()] = random.Next(30) == 0 ? 0 : random.Next(1, 5);
        int broadcast = random.Next(2) == 0 ? 0 : random.Next(0, 3);
        for (int i = 0; i < 3; i++) _sizes[Covered(i)] = random.Next(1, 4);
        int most = 0;
        List<string> terms = [];
        for (int operand = random.Next(1, 5); operand > 0; operand--)
        {
            List<string> labels = [];
            string term = "";
            int letters = random.Next(0, 4), place = broadcast > 0 && random.Next(3) > 0 ? random.Next(letters + 1) : -1;
            for (int i = 0; i <= letters; i++)
            {
                if (i == place)
                {
                    int covered = random.Next(0, broadcast + 1);
                    most = Math.Max(most, covered);
                    for (int axis = covered - 1; axis >= 0; axis--) labels.Add(Covered(axis));
                    term += "...";
                }
                if (i == letters) break;
                string letter = alphabet[random.Next(alphabet.Length)].ToString();
                labels.Add(letter);
                term += random.Next(5) == 0 ? letter + " " : letter;
            }
            _operandLabels.Add(labels);
            terms.Add(term);
        }
        string[] used = [.. _operandLabels.SelectMany(labels => labels).Where(label => label[0] != Ellipsis).Distinct()];
        List<string> ellipsisAxes = [.. Enumerable.Range(0, most).Reverse().Select(Covered)];
        Equation = string.Join(',', terms);
        if (random.Next(3) == 0)
        {
            IEnumerable<string> once = used.Where(label => _operandLabels.Sum(labels => labels.Count(other => other == label)) == 1);
            _outputLabels = [.. ellipsisAxes, .. once.Order(StringComparer.Ordinal)];
        }
        else
        {
            string[] chosen = [.. used.Where(_ => random.Next(2) == 0)];
            random.Shuffle(chosen);
            int place = random.Next(chosen.Length + 1);
            _outputLabels = [.. chosen[..place], .. ellipsisAxes, .. chosen[place..]];
            Equation += " -> " + string.Concat(chosen[..place]) + (most > 0 ? "..." : "") + string.Concat(chosen[place..]);
        }
        Shapes = [.. _operandLabels.Select(labels => OperandShape(random, labels))];
    }

    public string Equation { get; }

    public int[][] Shapes { get; }

    public int[] OutputShape => [.. _outputLabels.Select(TrueSize)];

    /// <summary>Σ over all labels of the product of the operands' elements, by output element; and the same of magnitudes.</summary>
    public (double[] Values, double[] Magnitudes) Evaluate(double[][] operands)
    {
        int[] outputShape = OutputShape;
        double[] values = new double[outputShape.Aggregate(1, (a, b) => a * b)], magnitudes = new double[values.Length];
        string[] labels = [.. _operandLabels.SelectMany(list => list).Distinct()];
        Dictionary<string, int> index = labels.ToDictionary(label => label, _ => 0, StringComparer.Ordinal);
        long total = labels.Aggregate(1L, (product, label) => product * TrueSize(label));
        for (long step = 0; step < total; step++)
        {
            long rest = step;
            foreach (string label in labels)
            {
                index[label] = (int)(rest % TrueSize(label));
                rest /= TrueSize(label);
            }
            double product = 1;
            for (int i = 0; i < operands.Length; i++) product *= operands[i][PlaceOf(_operandLabels[i], Shapes[i], index)];
            int place = PlaceOf(_outputLabels, outputShape, index);
            values[place] += product;
            magnitudes[place] += Math.Abs(product);
        }
        return (values, magnitudes);
    }

    private static string Covered(int axis) => $"{Ellipsis}{axis}";

    /// <summary>A label's size in the result: 1 where all operands happen to have 1.</summary>
    private int TrueSize(string label)
    {
        int size = 1;
        for (int i = 0; i < Shapes.Length; i++)
            for (int axis = 0; axis < Shapes[i].Length; axis++)
                if (_operandLabels[i][axis] == label && Shapes[i][axis] != 1) size = Shapes[i][axis];
        return size;
    }

    /// <summary>Sizes of the labels, some of them 1 instead, which repeats.</summary>
    private int[] OperandShape(Random random, List<string> labels)
    {
        Dictionary<string, int> sizes = labels.Distinct().ToDictionary(label => label, label => random.Next(6) == 0 ? 1 : _sizes[label], StringComparer.Ordinal);
        return [.. labels.Select(label => sizes[label])];
    }

    private static int PlaceOf(List<string> labels, int[] shape, Dictionary<string, int> index)
    {
        int place = 0;
        for (int axis = 0; axis < shape.Length; axis++) place = place * shape[axis] + (shape[axis] == 1 ? 0 : index[labels[axis]]);
        return place;
    }
}
