using Heed.Tokenizers;

namespace Heed.Cli.Tests;

public sealed class TokenizerTests
{
    [Fact]
    public void TokenizerTrain_Text_LoadsBack()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), to = folder.File("tokenizer");

        HeedResult result = HeedProcess.Run("tokenizer", "train", text, "--out", to, "--vocab", "300", "--special", "<|extra|>");

        result.ExitCode.ShouldBe(0, result.Err);
        result.Out.ShouldMatch(@"\A300 tokens, [2-9]\.\d{3} bytes per token\n");
        Tokenizer loaded = Tokenizer.Load(to);
        loaded.VocabSize.ShouldBe(300);
        loaded.AddsBos.ShouldBeTrue();
        loaded.IsSpecial(loaded.IdOf("<|extra|>")!.Value).ShouldBeTrue();
        ChatFormat.Detect(loaded, loaded.ChatTemplate).Kind.ShouldBe(ChatFormatKind.ChatMl);
        string sample = File.ReadAllText(text)[..100] + " Ünïcode 🙂";
        loaded.Decode(loaded.Encode(sample)).ShouldBe(sample);
    }

    [Fact]
    public void TokenizerTrain_TextTooShortForTheVocabulary_SaysWhyThereIsLess()
    {
        using TempFolder folder = new();

        HeedResult result = HeedProcess.Run("tokenizer", "train", TinyTraining.WriteText(folder), "--out", folder.File("tokenizer"), "--vocab", "5000");

        result.ExitCode.ShouldBe(0);
        result.Err.ShouldMatch(@"asked for 5000 tokens, found \d{3}: no other pair occurs 2 times");
    }

    [Fact]
    public void TokenizerTrain_SenselessLine_IsRefused()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), to = folder.File("tokenizer");

        HeedProcess.Run("tokenizer", "train", text, "--out", to, "--vocab", "12").Err.ShouldContain("--vocab is '12'");
        HeedProcess.Run("tokenizer", "train", text, "--out", to, "--chat", "irc").Err.ShouldContain("--chat is 'irc'");
        HeedProcess.Run("tokenizer", "train", folder.File("absent"), "--out", to).Err.ShouldContain("neither a file nor a folder");
        HeedProcess.Run("tokenizer", "train", text, "--out", text).Err.ShouldContain("this is a file");
        HeedProcess.Run("tokenizer", "train", text, "--out", to, "--vocab", "280", "--chat", "none").ExitCode.ShouldBe(0);
        HeedProcess.Run("tokenizer", "train", text, "--out", to).Err.ShouldContain("--force replaces it");
    }
}
