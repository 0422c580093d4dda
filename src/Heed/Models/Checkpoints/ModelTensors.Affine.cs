using System.Runtime.InteropServices;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <content>Matrices of affine 8-bit numbers: the codes, and beside them scales and zero points.</content>
internal sealed partial class ModelTensors
{
    /// <summary>Matrices that are multiplied with, and the token table; not positions, nor rows that strips cannot hold.</summary>
    private bool IsAffine(Part part, object source) =>
        _affine is not null && AffineMatrix.Takes(part.Columns) && (source is Linear || part.Name == WeightNames.Embedding);

    private void AddAffine(Part part, object source, AffineScheme scheme)
    {
        LayerRows.Reader read = source is Embedding table ? LayerRows.Of(table) : LayerRows.Of((Linear)source);
        // Codes that are there already stay as they are.
        AffineWeights? stored = (source is FrozenEmbedding embedding ? embedding.Table : (source as FrozenLinear)?.Weights) as AffineWeights;
        if (stored?.Scheme != scheme) stored = null;
        AffineMatrix? found = null;
        AffineMatrix Pairs() => found ??= stored?.ReadPairs() ?? Fit(part, scheme, read);
        string name = part.Name + ".weight";
        long[] shape = scheme.ScaleShape(part.Rows, part.Columns);
        AddBytes(name, WeightType.U8, [part.Rows, part.Columns], stream => WriteCodes(stream, part, stored, Pairs(), read));
        AddBytes(name + AffineNames.Scale, WeightType.F32, shape, stream =>
            stream.Write(MemoryMarshal.AsBytes<float>((float[])[.. Pairs().Pairs.ToArray().Select(pair => pair.Scale)])));
        AddBytes(name + AffineNames.ZeroPoint, WeightType.U8, shape, stream =>
            stream.Write([.. Pairs().Pairs.ToArray().Select(pair => (byte)pair.ZeroPoint)]));
        AddVector(part, "bias", source is Linear linear ? LayerRows.BiasOf(linear) : null, 0);
    }

    private AffineMatrix Fit(Part part, AffineScheme scheme, LayerRows.Reader read)
    {
        try
        {
            return AffineMatrix.Fit(scheme, part.Rows, part.Columns, read.Invoke, _threads);
        }
        catch (ArithmeticException error)
        {
            throw new NotSupportedException($"Export: '{part.Name}.weight', {error.Message}", error);
        }
    }

    private void WriteCodes(Stream stream, Part part, AffineWeights? stored, AffineMatrix pairs, LayerRows.Reader read)
    {
        float[] values = new float[part.Columns];
        byte[] codes = new byte[part.Columns];
        for (int row = 0; row < part.Rows; row++)
        {
            if (stored is not null)
            {
                stored.ReadCodes(row, codes);
            }
            else
            {
                read(row, values);
                pairs.Quantize(row, values, codes);
            }
            _progress.Advance(part.Columns);
            stream.Write(codes);
        }
    }

    private void AddBytes(string name, WeightType type, long[] shape, Action<Stream> write)
    {
        _added.Add(name);
        if (shape.Length == 2 && type == WeightType.U8 && !name.EndsWith(AffineNames.ZeroPoint, StringComparison.Ordinal)) _progress.Expect(shape[0] * shape[1]);
        _writer.Add(name, type, shape, write);
    }
}
