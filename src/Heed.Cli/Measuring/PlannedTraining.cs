using Heed.Cli.Learning;
using Heed.Models;
using Heed.Training;

namespace Heed.Cli.Measuring;

/// <summary>Finds what would stop one of several trainings before the first of them begins.</summary>
internal static class PlannedTraining
{
    /// <param name="name">Which of them, for the message.</param>
    /// <param name="config">The model.</param>
    /// <param name="text">What it learns from.</param>
    /// <param name="batch">Rows in a batch.</param>
    /// <param name="seqLen">Tokens in a row.</param>
    /// <param name="longest">The longest rows that the model is measured on.</param>
    /// <exception cref="CommandException">The model cannot be trained on these rows.</exception>
    public static void Check(string name, ModelConfig config, ComparedText text, int batch, int seqLen, int longest)
    {
        if (config.Encoder is not null) throw new CommandException($"{name}: it has an Encoder; expected a model of one half, which predicts the next token.");
        if (config.VocabSize < text.Tokenizer.VocabSize) throw new CommandException($"{name}: VocabSize is {config.VocabSize}; the tokenizer has {text.Tokenizer.VocabSize} tokens.");
        if (config.MaxSeqLen < longest) throw new CommandException($"{name}: MaxSeqLen is {config.MaxSeqLen}; expected {longest} or more, the longest rows that are measured.");
        if (text.Train.TokenCount <= seqLen) throw new CommandException($"--seq {seqLen}: the text has {text.Train.TokenCount} tokens to learn from, too few for a row; take shorter rows or more text.");
        try
        {
            Trainer.Check(config, new PlannedRows(batch, seqLen, text.Tokenizer.VocabSize), new TrainingOptions());
        }
        catch (ArgumentException e)
        {
            throw new CommandException($"{name}: {ErrorText.Of(e)}");
        }
    }
}
