namespace Heed.Models.Adapters;

/// <summary>A layer that an adapter can change, and where its rows are in the model's fused layers.</summary>
/// <param name="Name">Its name in PEFT's files.</param>
/// <param name="Layer">The model's layer within a block.</param>
/// <param name="Part">Which part of a fused layer.</param>
internal sealed record LoraTarget(string Name, string Layer, int Part)
{
    private const string Gate = "gate_proj";

    public static LoraTarget[] All { get; } =
    [
        new("q_proj", WeightNames.Qkv, 0), new("k_proj", WeightNames.Qkv, 1), new("v_proj", WeightNames.Qkv, 2),
        new("o_proj", WeightNames.AttentionOutput, 0), new(Gate, WeightNames.Up, 0), new("up_proj", WeightNames.Up, 1),
        new("down_proj", WeightNames.Down, 0),
    ];

    /// <summary>Those of a configuration that the model has.</summary>
    public static IEnumerable<LoraTarget> Of(LoraConfig lora, ModelConfig model) =>
        All.Where(target => lora.Targets.Contains(target.Name) && (model.GatedFeedForward || target.Name != Gate)
            && (model.Mixer == MixerKind.Attention || target.Layer is WeightNames.Up or WeightNames.Down));

    /// <summary>The rows of the model's layer that are this one.</summary>
    public (int First, int Count) RowsIn(ModelConfig model)
    {
        int queries = model.NumHeads * model.HeadSize, keys = model.KvHeads * model.HeadSize, values = model.KvHeads * model.ValueHeadSize, inner = model.FeedForwardSize;
        return (Layer, Part) switch
        {
            (WeightNames.Qkv, 0) => (0, queries),
            (WeightNames.Qkv, 1) => (queries, keys),
            (WeightNames.Qkv, _) => (queries + keys, values),
            (WeightNames.Up, _) => (model.GatedFeedForward ? Part * inner : 0, inner),
            _ => (0, model.HiddenSize),
        };
    }

    /// <summary>The size of the layer's input.</summary>
    public int ColumnsIn(ModelConfig model) => Layer switch
    {
        WeightNames.AttentionOutput => model.NumHeads * model.ValueHeadSize,
        WeightNames.Down => model.FeedForwardSize,
        _ => model.HiddenSize,
    };
}
