using System.Text;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Just enough of GGUF to hand a file's tokenizer metadata over in tests.</summary>
internal static class GgufMetadata
{
    public static GgufVocabulary ReadVocabulary(string path)
    {
        Dictionary<string, object> values = Read(path);
        T? Get<T>(string key) => values.TryGetValue(key, out object? value) ? (T)Convert.ChangeType(value, typeof(T), System.Globalization.CultureInfo.InvariantCulture) : default;
        int? Id(string key) => values.ContainsKey(key) ? Get<int>(key) : null;
        object[] List(string key) => values.TryGetValue(key, out object? value) ? (object[])value : [];
        return new GgufVocabulary
        {
            Path = path,
            Model = Get<string>("tokenizer.ggml.model")!,
            Pre = Get<string>("tokenizer.ggml.pre"),
            Tokens = List("tokenizer.ggml.tokens").Cast<string>().ToArray(),
            Scores = List("tokenizer.ggml.scores").Cast<float>().ToArray(),
            TokenTypes = List("tokenizer.ggml.token_type").Cast<int>().ToArray(),
            Merges = List("tokenizer.ggml.merges").Cast<string>().ToArray(),
            BosId = Id("tokenizer.ggml.bos_token_id"),
            EosId = Id("tokenizer.ggml.eos_token_id"),
            UnknownId = Id("tokenizer.ggml.unknown_token_id"),
            PadId = Id("tokenizer.ggml.padding_token_id"),
            AddBos = values.ContainsKey("tokenizer.ggml.add_bos_token") ? Get<bool>("tokenizer.ggml.add_bos_token") : null,
            AddEos = values.ContainsKey("tokenizer.ggml.add_eos_token") ? Get<bool>("tokenizer.ggml.add_eos_token") : null,
        };
    }

    private static Dictionary<string, object> Read(string path)
    {
        using BinaryReader reader = new(File.OpenRead(path));
        reader.ReadUInt32();
        bool isWide = reader.ReadUInt32() > 1;
        long Size() => isWide ? reader.ReadInt64() : reader.ReadUInt32();
        Size();
        long count = Size();
        string Text() => Encoding.UTF8.GetString(reader.ReadBytes((int)Size()));
        object Value(int type) => type switch
        {
            0 => reader.ReadByte(),
            1 => reader.ReadSByte(),
            2 => reader.ReadUInt16(),
            3 => reader.ReadInt16(),
            4 => reader.ReadUInt32(),
            5 => reader.ReadInt32(),
            6 => reader.ReadSingle(),
            7 => reader.ReadByte() != 0,
            8 => Text(),
            9 => Items(),
            10 => reader.ReadUInt64(),
            11 => reader.ReadInt64(),
            12 => reader.ReadDouble(),
            _ => throw new InvalidDataException($"type {type}"),
        };
        object[] Items()
        {
            int type = reader.ReadInt32();
            object[] items = new object[Size()];
            for (int i = 0; i < items.Length; i++) items[i] = Value(type);
            return items;
        }

        Dictionary<string, object> values = [];
        for (long i = 0; i < count; i++) values[Text()] = Value(reader.ReadInt32());
        return values;
    }
}
