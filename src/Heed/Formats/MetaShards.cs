namespace Heed.Formats;

/// <summary>
/// Meta's checkpoints in several files, one for each rank of the tensor parallelism that they were trained with: what each tensor is
/// when the files' parts are joined.
/// </summary>
internal static class MetaShards
{
    private const string Table = "tok_embeddings.weight";
    private const string FinalNorm = "norm.weight";

    // Layers that cut their outputs, and those that cut their inputs.
    private static readonly string[] s_rows = [".attention.wq.weight", ".attention.wk.weight", ".attention.wv.weight", ".feed_forward.w1.weight", ".feed_forward.w3.weight"];
    private static readonly string[] s_columns = [".attention.wo.weight", ".feed_forward.w2.weight"];

    /// <summary>Joins the tensors of all files.</summary>
    /// <param name="files">The files in order; two or more.</param>
    /// <param name="tensors">The tensors of each.</param>
    /// <exception cref="FileFormatException">The files do not belong together, or have a tensor that such checkpoints have not.</exception>
    public static List<StoredTensor> Join(MappedFile[] files, List<StoredTensor>[] tensors)
    {
        Dictionary<string, StoredTensor>[] byName = [.. tensors.Select((list, part) => ByName(files[part], list))];
        long dim = byName[0].TryGetValue(FinalNorm, out StoredTensor? norm) && norm.Shape is [var size] ? size : throw files[0].Wrong("the tensor is absent or no vector.", FinalNorm);
        List<StoredTensor> joined = new(tensors[0].Count);
        foreach (StoredTensor first in tensors[0])
        {
            StoredTensor[] parts = [.. byName.Select((names, part) => PartOf(files, names, part, first))];
            joined.Add(AxisOf(files[0], first, parts.Length, dim) is { } axis ? Join(files, axis, first, parts) : Same(files, first, parts));
        }
        for (int i = 1; i < files.Length; i++)
            if (tensors[i].Find(tensor => !byName[0].ContainsKey(tensor.Name)) is { } extra)
                throw files[i].Wrong($"the tensor is not in {Name(files[0])}.", extra.Name, extra.Offset);
        return joined;
    }

    private static Dictionary<string, StoredTensor> ByName(MappedFile file, List<StoredTensor> tensors)
    {
        Dictionary<string, StoredTensor> names = new(tensors.Count);
        foreach (StoredTensor tensor in tensors)
            if (!names.TryAdd(tensor.Name, tensor)) throw file.Wrong("the tensor's name occurs twice.", tensor.Name, tensor.Offset);
        return names;
    }

    private static StoredTensor PartOf(MappedFile[] files, Dictionary<string, StoredTensor> names, int part, StoredTensor first)
    {
        if (!names.TryGetValue(first.Name, out StoredTensor? found)) throw files[part].Wrong($"the tensor is absent; {Name(files[0])} has it.", first.Name);
        if (found.Type != first.Type || !found.Shape.AsSpan().SequenceEqual(first.Shape))
            throw files[part].Wrong($"the tensor is {found.Type} {found.ShapeText}; in {Name(files[0])} it is {first.Type} {first.ShapeText}.", first.Name, found.Offset);
        return found with { Part = part };
    }

    /// <summary>Along which axis the tensor is cut, or null where each file has all of it.</summary>
    private static int? AxisOf(MappedFile file, StoredTensor tensor, int count, long dim)
    {
        string name = tensor.Name;
        if (name is FinalNorm or "rope.freqs" || name.EndsWith("_norm.weight", StringComparison.Ordinal)) return null;
        if (tensor.Shape is not [> 0 and <= int.MaxValue, > 0 and <= int.MaxValue])
            throw file.Wrong($"the tensor has the shape {tensor.ShapeText}; expected a matrix, or a norm's weights or rope.freqs, which are the same in all files.", name, tensor.Offset);
        if (name == "output.weight" || s_rows.Any(end => name.EndsWith(end, StringComparison.Ordinal))) return 0;
        if (s_columns.Any(end => name.EndsWith(end, StringComparison.Ordinal))) return 1;
        if (name != Table) throw file.Wrong("how the tensor is cut among the files is not known; expected a layer of a Llama model.", name, tensor.Offset);
        // Llama 1 and 2 cut the vectors, Llama 3 the vocabulary.
        long columns = tensor.Shape[1];
        return columns == dim ? 0 : columns * count == dim ? 1
            : throw file.Wrong($"the table's vectors have {columns} numbers in each of {count} files, and the model's {dim}; expected {dim}, or {dim}/{count}. Is a file missing?", name, tensor.Offset);
    }

    private static StoredTensor Join(MappedFile[] files, int axis, StoredTensor first, StoredTensor[] parts)
    {
        long[] shape = [.. first.Shape];
        shape[axis] *= parts.Length;
        StoredTensor[] named = [.. parts.Select((part, i) => part with { Name = $"{part.Name} of {Name(files[i])}" })];
        return first with { Shape = shape, ByteLength = checked(first.ByteLength * parts.Length), Joined = new JoinedParts(axis, named) };
    }

    private static StoredTensor Same(MappedFile[] files, StoredTensor first, StoredTensor[] parts)
    {
        int length = checked((int)first.ByteLength);
        for (int i = 1; i < parts.Length; i++)
            if (!files[i].Span(parts[i].Offset, length).SequenceEqual(files[0].Span(first.Offset, length)))
                throw files[i].Wrong($"the tensor has other numbers than in {Name(files[0])}; expected the same in all files.", first.Name, parts[i].Offset);
        return first;
    }

    private static string Name(MappedFile file) => Path.GetFileName(file.Path);
}
