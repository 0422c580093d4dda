using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tensors;
using Heed.Tests.Formats;
using Folder = Heed.Models.Checkpoints.ModelFolder;

namespace Heed.Tests.Models.Checkpoints;

public sealed class ModelFolderTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<WeightType, bool> Kinds => new() { { WeightType.F32, false }, { WeightType.F16, false }, { WeightType.BF16, false }, { WeightType.F32, true } };

    [Theory, MemberData(nameof(Kinds))]
    public void Write_AnyKind_TellsHowFarItIs(WeightType type, bool affine)
    {
        Shares shares = new();
        Folder.Write(Model(), _temp.File("m"), Options(type, affine), shares);
        shares.All.Count.ShouldBeGreaterThan(10);
        shares.All.ShouldBe(shares.All.Order());
        shares.All[^1].ShouldBe(1);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Write_Cancelled_LeavesNothing(WeightType type, bool affine)
    {
        using CancellationTokenSource stop = new();
        Shares shares = new() { Then = share => { if (share > 0.4) stop.Cancel(); } };
        Should.Throw<OperationCanceledException>(() => Folder.Write(Model(), _temp.File("m"), Options(type, affine), shares, stop.Token));
        shares.All[^1].ShouldBeLessThan(0.9);
        Directory.Exists(_temp.File("m")).ShouldBeFalse("the folder was made for it");

        // What was there stays, and nothing else.
        Directory.CreateDirectory(_temp.File("m"));
        _temp.Write("m/config.json", [1, 2, 3]);
        Should.Throw<OperationCanceledException>(() => Folder.Write(Model(), _temp.File("m"), Options(type, affine), cancellation: new CancellationToken(canceled: true)));
        Directory.GetFileSystemEntries(_temp.File("m")).ShouldBe([_temp.File("m/config.json")]);
        File.ReadAllBytes(_temp.File("m/config.json")).ShouldBe([1, 2, 3]);
    }

    private static Transformer Model() => new(new ModelConfig { HiddenSize = 64, IntermediateSize = 128, NumLayers = 2, NumHeads = 4, VocabSize = 300, MaxSeqLen = 32, RopeLayout = RopeLayout.HalfSplit }, new RandomWeights(1));

    private static HuggingFaceExportOptions Options(WeightType type, bool affine) => new() { WeightType = type, Affine = affine ? AffineScheme.PerChannel : null };

    private sealed class Shares : IProgress<double>
    {
        public List<double> All { get; } = [];

        public Action<double> Then { get; init; } = _ => { };

        public void Report(double value)
        {
            All.Add(value);
            Then(value);
        }
    }
}
