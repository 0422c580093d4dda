using System.Text;

namespace Heed.Tests.Formats;

/// <summary>Writes pickles opcode by opcode.</summary>
internal sealed class PickleBuilder
{
    private readonly MemoryStream stream = new();

    public PickleBuilder() => Raw(0x80, 2);

    public byte[] ToArray() => stream.ToArray();

    public int Position => (int)stream.Position;

    public PickleBuilder Raw(params byte[] bytes)
    {
        stream.Write(bytes);
        return this;
    }

    public PickleBuilder Op(string opcodes) => Raw(Encoding.Latin1.GetBytes(opcodes));

    public PickleBuilder Global(string module, string name) => Op($"c{module}\n{name}\n");

    public PickleBuilder Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return Raw((byte)'X').Raw(BitConverter.GetBytes(utf8.Length)).Raw(utf8);
    }

    public PickleBuilder Int(int value) => Raw((byte)'J').Raw(BitConverter.GetBytes(value));

    public PickleBuilder OrderedDict() => Global("collections", "OrderedDict").Op(")R");

    public PickleBuilder Sizes(params int[] sizes)
    {
        Op("(");
        foreach (int size in sizes) Int(size);
        return Op("t");
    }

    /// <summary>A tensor of float32 unless another storage is named; row-major unless strides are given.</summary>
    public PickleBuilder Tensor(string key, int storageCount, int offset, int[] shape, int[]? strides = null, string storage = "FloatStorage")
    {
        if (strides is null)
        {
            strides = new int[shape.Length];
            for (int axis = shape.Length - 1, next = 1; axis >= 0; next *= shape[axis--]) strides[axis] = next;
        }
        Global("torch._utils", "_rebuild_tensor_v2").Op("((").Text("storage").Global("torch", storage).Text(key).Text("cpu").Int(storageCount).Op("tQ");
        return Int(offset).Sizes(shape).Sizes(strides).Raw(0x89).OrderedDict().Op("tR");
    }
}
