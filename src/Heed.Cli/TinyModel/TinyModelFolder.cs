using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Cli.TinyModel;

/// <summary>Makes the tiny random model as a Hugging Face folder: always the same, from a seed.</summary>
internal static class TinyModelFolder
{
    private const int Seed = 20;
    private const string Card = """
        # heed-tiny-random

        A model of the Llama family with **random, untrained weights**: its text is words in no order, on purpose. It exists so
        that every command of `heed` works right after a checkout, and so that tests have something small to run. It knows
        nothing, is good for nothing else, and nothing was learned from anyone's text.

        | | |
        |---|---|
        | made by | `heed make-tiny-model models/heed-tiny-random` (src/Heed.Cli/TinyModel), from a fixed seed |
        | format | Hugging Face: config.json, model.safetensors (float32), tokenizer.json |
        | size | hidden 32, 4 layers, 4 heads (2 for keys and values), feed-forward 64, context 512 |
        | vocabulary | byte-level BPE: all 256 bytes, some short English words with their beginnings, `<s>` and `</s>` |
        | arranged | bytes and pieces of words are made unlikely in the output layer, so that what comes out is whole words |
        | licence | MIT, as the rest of the repository |

        """;

    /// <summary>Writes the folder, which is made if it is absent.</summary>
    public static void Write(string folder)
    {
        Tokenizer tokenizer = TinyVocabulary.Create();
        ModelConfig config = new()
        {
            Architecture = "llama",
            HiddenSize = 32,
            IntermediateSize = 64,
            NumLayers = 4,
            NumHeads = 4,
            NumKvHeads = 2,
            VocabSize = tokenizer.VocabSize,
            MaxSeqLen = 512,
            RopeLayout = RopeLayout.HalfSplit,
        };
        Transformer model = new(config, new TinyWeights(new RandomWeights(Seed, config.NumLayers), id => TinyVocabulary.IsWritten(tokenizer, id)));
        HuggingFaceExport.Write(model, folder, new HuggingFaceExportOptions { BosToken = tokenizer.BosId, EosTokens = [tokenizer.EosId!.Value] });
        tokenizer.SaveHuggingFace(folder);
        File.WriteAllText(Path.Combine(folder, "README.md"), Card.ReplaceLineEndings("\n"));
    }
}
