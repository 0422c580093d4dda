namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Einstein summation with NumPy's rules: every letter names an axis, equal letters are multiplied along each other,
    /// a letter that repeats within an operand takes its diagonal, and letters missing from the output are summed over.
    /// <c>ij,jk->ik</c> is the matrix product, <c>ii->i</c> the diagonal, <c>bhqd,bhkd->bhqk</c> attention's scores.
    /// Without <c>-></c> the output holds all letters that occur once, in alphabetical order (capitals first), after the
    /// axes of <c>...</c>, which broadcast. An axis of one element repeats to its letter's size.
    /// </summary>
    /// <param name="equation">The terms' letters: <c>ij,jk->ik</c>; spaces do not matter.</param>
    /// <param name="operands">One tensor or more, of one device; more than two are contracted two at a time, smallest result first.</param>
    /// <returns>A new contiguous tensor.</returns>
    /// <exception cref="ArgumentException">The equation is malformed, or operands do not fit it.</exception>
    public static Tensor Einsum(string equation, params ReadOnlySpan<Tensor> operands)
    {
        ArgumentNullException.ThrowIfNull(equation);
        EinsumEquation parsed = new(equation, operands);
        foreach (Tensor operand in operands) SameDevice("Einsum", operands[0], operand);
        using TensorScope.Lease lease = TensorScope.Begin();
        List<EinsumTerm> terms = [];
        for (int i = 0; i < operands.Length; i++) terms.Add(EinsumTerm.Of(operands[i], parsed.Operands[i], parsed));
        ulong output = EinsumTerm.SetOf(parsed.Output);
        while (terms.Count > 1)
        {
            (int i, int j) = CheapestPair(terms, output, parsed);
            EinsumTerm product = Contract(terms[i], terms[j], NeededBeside(terms, i, j, output), parsed);
            terms.RemoveAt(j);
            terms[i] = product;
        }
        Tensor result = terms[0].SumOut(output).Arrange(parsed.Output);
        // A view of an operand would let writes to the result through to it.
        return lease.Return(operands.Length > 1 && result.IsContiguous ? result : result.Clone());
    }

    /// <summary>The pair whose product is smallest; the first one among equals.</summary>
    private static (int I, int J) CheapestPair(List<EinsumTerm> terms, ulong output, EinsumEquation equation)
    {
        (int I, int J) best = (0, 1);
        double least = double.PositiveInfinity;
        for (int i = 0; i < terms.Count && terms.Count > 2; i++)
            for (int j = i + 1; j < terms.Count; j++)
            {
                ulong result = (terms[i].Set | terms[j].Set) & NeededBeside(terms, i, j, output);
                double size = 1;
                for (int label = 0; label < EinsumEquation.MaxLabels; label++)
                    if ((result & (1UL << label)) != 0) size *= equation.SizeOf(label);
                if (size >= least) continue;
                least = size;
                best = (i, j);
            }
        return best;
    }

    /// <summary>The labels of the output and of all terms but two.</summary>
    private static ulong NeededBeside(List<EinsumTerm> terms, int i, int j, ulong output)
    {
        for (int other = 0; other < terms.Count; other++)
            if (other != i && other != j) output |= terms[other].Set;
        return output;
    }

    /// <summary>The product of two terms, summed over what is not needed any more.</summary>
    private static EinsumTerm Contract(EinsumTerm a, EinsumTerm b, ulong needed, EinsumEquation equation)
    {
        a = a.SumOut(needed | b.Set);
        b = b.SumOut(needed | a.Set);
        // The product's axes come as [batch, a's, b's]; the operand that owns the output's first own axis goes left.
        int lead = Array.FindIndex(equation.Output, label => ((a.Set ^ b.Set) & (1UL << label)) != 0);
        if (lead >= 0 && (b.Set & (1UL << equation.Output[lead])) != 0) (a, b) = (b, a);
        ulong both = a.Set & b.Set, leftOnly = a.Set & ~b.Set, rightOnly = b.Set & ~a.Set;
        int[] batch = InOrder(both & needed, equation), summed = InOrder(both & ~needed, equation);
        int[] left = InOrder(leftOnly, equation), right = InOrder(rightOnly, equation);
        int[] labels = [.. batch, .. left, .. right];
        bool dots = left.Length == 0 && right.Length == 0 && batch.Length > 0;
        if (summed.Length == 0 || dots)
        {
            int[] all = [.. labels, .. summed];
            return new EinsumTerm(Binary(BinaryOp.Multiply, a.Arrange(all), b.Arrange(all)), all).SumOut(needed);
        }
        Tensor x = a.Arrange([.. batch, .. left, .. summed]).Group(batch.Length, batch.Length + left.Length);
        Tensor y = b.Arrange([.. batch, .. summed, .. right]).Group(batch.Length, batch.Length + summed.Length);
        Tensor product = MultiplyBatch(x, y);
        Span<int> sizes = stackalloc int[labels.Length];
        for (int i = 0; i < labels.Length; i++) sizes[i] = equation.SizeOf(labels[i]);
        return new EinsumTerm(product.Reshape(new Shape(sizes)), labels);
    }

    /// <summary>The labels of a set in the output's order, and those that are not in it in their own.</summary>
    private static int[] InOrder(ulong set, EinsumEquation equation)
    {
        IEnumerable<int> rest = Enumerable.Range(0, EinsumEquation.MaxLabels).Except(equation.Output);
        return [.. equation.Output.Concat(rest).Where(label => (set & (1UL << label)) != 0)];
    }
}
