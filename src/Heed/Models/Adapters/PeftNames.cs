using System.Globalization;
using Heed.Models.Checkpoints;
using Heed.Nn;

namespace Heed.Models.Adapters;

/// <summary>What PEFT calls the adapters of a model, and how their rows lie there.</summary>
internal sealed class PeftNames
{
    private const string Prefix = "base_model.model.";

    private readonly ModelConfig _model;
    private readonly TensorNames _names;

    /// <param name="model">What the model is.</param>
    /// <exception cref="NotSupportedException">The family stores fused or transposed matrices, whose adapters are others; or the model has running statistics.</exception>
    public PeftNames(ModelConfig model)
    {
        // Training moves them with the adapters, whose files have no place for them.
        if (model.Norm == NormKind.Batch)
            throw new NotSupportedException("PeftAdapter: the model has Batch norms, whose running statistics belong to what is learned, and adapters cannot hold them; learn all of its weights.");
        _model = model;
        _names = HuggingFaceConfig.Names(model, _ => true);
        bool split = !_names.Transposed && model.GatedFeedForward && _names.InBlock[WeightNames.Qkv].Length == 3 && _names.InBlock[WeightNames.Up].Length == 2;
        if (!split)
            throw new NotSupportedException($"PeftAdapter: {model.Architecture} models have fused or plain layers, for which adapters can be trained and merged, but not read or written; " +
                "expected separate q_proj, k_proj, v_proj, gate_proj and up_proj (llama, mistral, qwen2, qwen3, gemma2).");
    }

    /// <summary>The first factor's name; <paramref name="block"/> is the model's scope, "blocks.0.".</summary>
    public string A(string block, LoraTarget target) => Name(block, target, "A");

    /// <summary>The second factor's name.</summary>
    public string B(string block, LoraTarget target) => Name(block, target, "B");

    /// <summary>All tensors of a configuration.</summary>
    public IEnumerable<PeftTensor> Tensors(LoraConfig lora)
    {
        for (int i = 0; i < _model.NumLayers; i++)
        {
            string block = string.Create(CultureInfo.InvariantCulture, $"{WeightNames.Blocks}.{i}.");
            foreach (LoraTarget target in LoraTarget.Of(lora, _model))
            {
                string layer = block + target.Layer;
                yield return new PeftTensor(A(block, target), layer, target.Name, IsB: false, [lora.Rank, target.ColumnsIn(_model)], Order: null);
                yield return new PeftTensor(B(block, target), layer, target.Name, IsB: true, [target.RowsIn(_model).Count, lora.Rank], Order(target));
            }
        }
    }

    private string Name(string block, LoraTarget target, string factor) =>
        $"{Prefix}{_names.PartsOf(block + target.Layer)[target.Part]}.lora_{factor}.weight";

    // As the matrices that they change, B's rows of queries and keys are half-split in Hugging Face's world.
    private int[]? Order(LoraTarget target)
    {
        if (target.Layer != WeightNames.Qkv || target.Part > 1) return null;
        if (_model.RopeLayout == RopeLayout.HalfSplit || _model.Positions != PositionKind.Rotary) return null;
        return RopePermutation.ToHalfSplit(target.Part == 0 ? _model.NumHeads : _model.KvHeads, _model.HeadSize, _model.RotarySize);
    }
}
