using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Heed.Formats;
using Heed.Tests.Models.Checkpoints;

namespace Heed.Tests.Formats;

/// <summary>
/// Mutates valid files at random and holds the readers to their promises: format errors or success, never anything else.
/// Seeded, so a failure repeats: its message has the round. HEED_FUZZ_SECONDS, per format, asks for more than the usual second.
/// </summary>
public class FormatFuzzTests
{
    private const int Seed = 20261122;
    private static readonly long[] Interesting =
        [0, 1, -1, 2, 3, 4, 7, 8, 32, 255, 256, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 61, 1L << 62, long.MaxValue, long.MinValue];

    private static double Seconds =>
        double.TryParse(Environment.GetEnvironmentVariable("HEED_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out double seconds) ? seconds : 1;

    [Theory, InlineData(1u), InlineData(2u), InlineData(3u)]
    public void Gguf_Mutated_OpensOrIsRefused(uint version) => Fuzz(GgufFile.Open, GgufBuilder.Sample(version).Build().ToArray());

    [Fact]
    public void Safetensors_Mutated_OpensOrIsRefused() => Fuzz(SafetensorsFile.Open, SafetensorsBuilder.Sample().ToArray());

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Llama2c_Mutated_OpensOrIsRefused(int version) => Fuzz(Llama2cFile.Open, (version switch
    {
        0 => Llama2cBuilder.Version0(shared: false),
        1 => Llama2cBuilder.Version1(shared: true),
        _ => Llama2cBuilder.Version2(shared: true),
    }).ToArray());

    [Theory, InlineData(false), InlineData(true)]
    public void MetaCheckpoint_Mutated_OpensOrIsRefused(bool zip64) => Fuzz(MetaCheckpoint.Open, ZipBuilder.Checkpoint(zip64).Build().ToArray());

    [Fact]
    public void MetaShard_Mutated_OpensOrIsRefused()
    {
        using TempFolder folder = new();
        new MetaModel(tableByRows: true).Write(folder.Root, 2, half: true);
        byte[] first = File.ReadAllBytes(folder.File("consolidated.00.pth"));
        Fuzz(path => OpenBeside(path, first), File.ReadAllBytes(folder.File("consolidated.01.pth")));
    }

    [Fact]
    public void SafetensorsIndex_Mutated_OpensOrIsRefused() =>
        Fuzz(OpenIndex, """{"metadata":{"total_size":12},"weight_map":{"a.weight":"shard","half":"shard","empty":"shard","b":"other"}}"""u8.ToArray());

    [DataFact("weights/stories260K/tinyllamas-stories-260k-f32.gguf")]
    public void Gguf_RealFileMutated_OpensOrIsRefused() => Fuzz(GgufFile.Open, Real("weights/stories260K/tinyllamas-stories-260k-f32.gguf"));

    [DataFact("weights/stories260K/stories260K_q80_v2.bin")]
    public void Llama2c_RealFileMutated_OpensOrIsRefused() => Fuzz(Llama2cFile.Open, Real("weights/stories260K/stories260K_q80_v2.bin"));

    [DataFact("weights/torchtune_tiny_fair_checkpoint.pt")]
    public void MetaCheckpoint_RealFileMutated_OpensOrIsRefused() => Fuzz(MetaCheckpoint.Open, Real("weights/torchtune_tiny_fair_checkpoint.pt"));

    // The mutated file is the second of two.
    private static MetaCheckpoint OpenBeside(string path, byte[] first)
    {
        string folder = path + ".shards";
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "consolidated.00.pth"), first);
        File.Copy(path, Path.Combine(folder, "consolidated.01.pth"), overwrite: true);
        return MetaCheckpoint.Open(folder);
    }

    // The index lies beside its shards; one that it makes up is an absent file, which is no fault of the format.
    private static TensorFile OpenIndex(string index)
    {
        string folder = Path.GetDirectoryName(index)!;
        File.WriteAllBytes(Path.Combine(folder, "shard"), SafetensorsBuilder.Sample().ToArray());
        File.WriteAllBytes(Path.Combine(folder, "other"), SafetensorsBuilder.Build("""{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", [7]).ToArray());
        try
        {
            return ShardedSafetensors.Open(index);
        }
        catch (IOException error)
        {
            throw new FileFormatException(index, error.Message, inner: error);
        }
    }

    private static byte[] Real(string path) => File.ReadAllBytes(TestData.Get(path));

    private static void Fuzz(Func<string, TensorFile> open, byte[] valid)
    {
        using HostileFile hostile = new(open);
        hostile.Try(valid, "unchanged").ShouldBeNull();
        Stopwatch watch = Stopwatch.StartNew();
        int refused = 0, round = 0;
        for (; watch.Elapsed.TotalSeconds < Seconds; round++)
        {
            byte[] bytes = Mutate(valid, new Random(Seed + round));
            if (hostile.Try(bytes, $"round {round}") is not null) refused++;
        }
        // A fuzzer whose files are never refused tests little.
        if (round > 100) refused.ShouldBeGreaterThan(0);
    }

    private static byte[] Mutate(byte[] valid, Random random)
    {
        byte[] bytes = [.. valid];
        for (int i = random.Next(1, 4); i > 0; i--) bytes = MutateOnce(bytes, random);
        return bytes;
    }

    private static byte[] MutateOnce(byte[] bytes, Random random)
    {
        if (bytes.Length < 16) return bytes;
        int at = Place(bytes.Length - 8, random);
        switch (random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), (int)Interesting[random.Next(Interesting.Length)]);
                return bytes;
            case 3:
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), Interesting[random.Next(Interesting.Length)] + random.Next(-1, 2));
                return bytes;
            case 4:
                return bytes[..Place(bytes.Length, random)];
            case 5:
                return [.. bytes[..at], .. bytes[(at + random.Next(1, 9))..]];
            case 6:
                byte[] inserted = new byte[random.Next(1, 17)];
                random.NextBytes(inserted);
                return [.. bytes[..at], .. inserted, .. bytes[at..]];
            default:
                int from = Place(bytes.Length - 8, random);
                int count = random.Next(1, Math.Min(64, bytes.Length - Math.Max(from, at)) + 1);
                bytes.AsSpan(from, count).ToArray().CopyTo(bytes, at);
                return bytes;
        }
    }

    // Structure stands at the ends of a file, numbers in its middle.
    private static int Place(int length, Random random) => random.Next(4) switch
    {
        0 => random.Next(length),
        1 => Math.Max(0, length - 1 - random.Next(4096)),
        _ => random.Next(Math.Min(length, 4096)),
    };
}
