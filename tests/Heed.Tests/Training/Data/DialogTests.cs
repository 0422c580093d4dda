using System.Text;
using Heed.Tests.Tokenizers;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Tests.Training.Data;

public class DialogTests
{
    [Fact]
    public void From_NothingToLearn_SaysWhy()
    {
        ChatFormat format = ChatFormat.Of(ChatFormatKind.ChatMl);
        Should.Throw<ArgumentException>(() => DialogDataset.From([], s_characters, format)).Message.ShouldContain("there is no dialog in it");
        Should.Throw<ArgumentException>(() => DialogDataset.From([[User("abababab"), Assistant("c")]], s_characters, format, new DialogOptions { MaxTokens = 8 }))
            .Message.ShouldContain("none of its 1 dialogs has an answer that begins within 8 tokens");
        Should.Throw<ArgumentException>(() => DialogDataset.From([[User("abababab"), Assistant("c")]], s_characters, format, new DialogOptions { MaxTokens = 8, SkipsLong = true }))
            .Message.ShouldContain("each of its 1 dialogs has more than 8 tokens");
    }

    private static readonly CharacterTokenizer s_characters = CharacterTokenizer.Train(
        "abcdeghiou\nsrtn", new CharacterTokenizerOptions { SpecialTokens = ["<|im_start|>", "<|im_end|>"], Eos = "<|im_end|>" });

    private static ChatMessage User(string text) => new(ChatRole.User, text);

    private static ChatMessage Assistant(string text) => new(ChatRole.Assistant, text);

    [Fact]
    public void F1_Row40_Targets_AreTheAnswersShiftedWithTheirEnd()
    {
        DialogDataset dialogs = DialogDataset.From([[User("ab"), Assistant("cd"), User("e"), Assistant("g")]], s_characters, ChatFormat.Of(ChatFormatKind.ChatMl));
        TrainingBatch batch = new DialogBatches(dialogs, 1, 64, null).Next(0);
        string Show(int id) => id == TrainingBatch.IgnoreIndex ? "." : s_characters.TokenText(id) switch { "<|im_start|>" => "<", "<|im_end|>" => ">", "\n" => "|", string text => text };
        const string Tokens = "<user|ab>|<assistant|cd>|<user|e>|<assistant|g";
        const string Targets = ".....................cd>.....................g>";
        string.Concat(batch.Tokens.Take(Tokens.Length).Select(Show)).ShouldBe(Tokens);
        Targets.Length.ShouldBe(Tokens.Length + 1); // shifted: the target of a token is what stands after it
        string.Concat(batch.Targets.Take(Tokens.Length).Select(Show)).ShouldBe(Targets[1..]);
        batch.Targets.Skip(Tokens.Length).ShouldAllBe(target => target == TrainingBatch.IgnoreIndex);
        (dialogs.TargetCount, dialogs.TokenCount, batch.TargetCount).ShouldBe((5, Tokens.Length, 5));
    }

    [Fact]
    public void FirstQuestion_OfASplit_IsTheFilesFirst()
    {
        DialogDataset all = DialogDataset.From([[new(ChatRole.System, "e"), User("ab"), Assistant("c")], [User("b"), Assistant("c")]], s_characters, ChatFormat.Of(ChatFormatKind.ChatMl));
        all.FirstQuestion.ShouldBe("ab");
        all.Split(0.5).Train.FirstQuestion.ShouldBe("ab");
    }

    [Fact]
    public void Fingerprint_OtherWords_IsAnother()
    {
        string Of(string answer) => DialogDataset.From([[User("ab"), Assistant(answer)]], s_characters, ChatFormat.Of(ChatFormatKind.ChatMl)).Fingerprint();
        Of("cd").ShouldBe(Of("cd"));
        Of("cd").ShouldNotBe(Of("ce"));
        Of("cd").Length.ShouldBe(32);
    }

    [Theory]
    [InlineData(ChatFormatKind.Plain)]
    [InlineData(ChatFormatKind.Llama2)]
    [InlineData(ChatFormatKind.Mistral)]
    [InlineData(ChatFormatKind.ChatMl)]
    [InlineData(ChatFormatKind.Llama3)]
    public void Row40_WhatStandsBeforeTheAnswer_IsWhatTheModelIsAskedWith(ChatFormatKind kind)
    {
        ChatFormat format = ChatFormat.Of(kind);
        ChatMessage[] question = [new(ChatRole.System, "the"), User("hello the world")];
        List<Tokenizer> tokenizers = [SmallVocabularies.ByteLevel()];
        if (kind is not (ChatFormatKind.ChatMl or ChatFormatKind.Llama3)) tokenizers.Add(SmallVocabularies.SentencePiece());
        foreach (Tokenizer tokenizer in tokenizers)
        {
            DialogTokens dialog = format.RenderDialog([.. question, Assistant("hello")], tokenizer);
            int first = Array.IndexOf(dialog.IsAnswer, true), last = Array.LastIndexOf(dialog.IsAnswer, true);
            dialog.Ids[..first].ShouldBe(format.Render(question, tokenizer));
            dialog.IsAnswer[first..(last + 1)].ShouldAllBe(isAnswer => isAnswer);
            tokenizer.StopIds.ShouldContain(dialog.Ids[last]);
            // The answer goes on from the question with one space or none, as this format has it.
            string space = kind is ChatFormatKind.Plain or ChatFormatKind.Llama2 || (kind == ChatFormatKind.Mistral && tokenizer is SentencePieceTokenizer) ? " " : "";
            StreamingDecoder decoder = tokenizer.CreateDecoder(continuesText: true);
            string.Concat(dialog.Ids[first..last].Select(decoder.Add)).ShouldBe(space + "hello" + (kind == ChatFormatKind.Llama2 ? " " : ""));
        }
    }

    [Fact]
    public void Row40_Packing_KeepsDialogsApart()
    {
        ChatMessage[][] dialogs = Enumerable.Range(0, 40).Select(i => new[] { User(new string('a', 1 + (i % 7))), Assistant(new string('b', 1 + (i % 5))) }).ToArray();
        DialogDataset packed = DialogDataset.From(dialogs, s_characters, ChatFormat.Of(ChatFormatKind.ChatMl), new DialogOptions { MaxTokens = 100 });
        DialogBatches source = new(packed, 1, 100, 9);
        source.RowsPerEpoch.ShouldBeLessThan(20);
        List<string> seen = [];
        for (int step = 0; step < source.RowsPerEpoch; step++)
        {
            TrainingBatch batch = source.Next(step);
            for (int from = 0, to; from < 100 && batch.Tokens[from] != 0; from = to)
            {
                for (to = from; to < 100 && batch.FirstKeys[to] == from; to++) batch.Positions[to].ShouldBe(to - from);
                seen.Add(string.Join(' ', batch.Tokens[from..to]) + "/" + string.Join(' ', batch.Targets[from..to]));
            }
        }

        // The same as every dialog in a row of its own.
        IEnumerable<string> alone = dialogs.Select(dialog => DialogDataset.From([dialog], s_characters, ChatFormat.Of(ChatFormatKind.ChatMl)))
            .Select(one => string.Join(' ', one.Tokens(0).ToArray()) + "/" + string.Join(' ', one.Targets(0).ToArray()));
        seen.Order().ShouldBe(alone.Order());
    }

    [Fact]
    public void Row40_PromptsLabels_DoNotReachTheTargets()
    {
        int[] Targets(string question) => DialogDataset.From([[User(question), Assistant("cd")]], s_characters, ChatFormat.Of(ChatFormatKind.ChatMl)).Targets(0).ToArray();
        Targets("aaa").ShouldBe(Targets("bbb"));
    }

    [Fact]
    public void Load_BothForms_AndLongDialogs()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("a.jsonl", Encoding.UTF8.GetBytes(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"ab\"},{\"role\":\"assistant\",\"content\":\"cd\"}]}\n\n{\"prompt\":\"ab\",\"response\":\"cdcdcdcdcdcd\"}\n"));
        ChatFormat format = ChatFormat.Of(ChatFormatKind.ChatMl);
        DialogDataset all = DialogDataset.Load(file, s_characters, format);
        (all.Count, all.CutCount, all.SkippedCount, all.Tokens(0).Length, all.Tokens(1).Length).ShouldBe((2, 0, 0, 23, 33));
        DialogDataset cut = DialogDataset.Load(file, s_characters, format, new DialogOptions { MaxTokens = 25 });
        (cut.Count, cut.CutCount, cut.SkippedCount, cut.Tokens(1).Length).ShouldBe((2, 1, 0, 25));
        DialogDataset skipped = DialogDataset.Load(file, s_characters, format, new DialogOptions { MaxTokens = 23, SkipsLong = true });
        (skipped.Count, skipped.CutCount, skipped.SkippedCount).ShouldBe((1, 0, 1));
        Should.Throw<FileFormatException>(() => DialogDataset.Load(file, s_characters, format, new DialogOptions { MaxTokens = 20 })).Message.ShouldContain("none of its 2 dialogs has an answer that begins within 20 tokens");
        Should.Throw<ArgumentOutOfRangeException>(() => new DialogBatches(all, 1, 32, null)).Message.ShouldContain("has 33 tokens");
        (DialogDataset train, DialogDataset? held) = all.Split(0.5);
        (train.Count, held!.Count, held.Tokens(0).Length, all.Split(0.1).Validation).ShouldBe((1, 1, 33, null));
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("{}", "expected 'messages'")]
    [InlineData("{\"prompt\":\"a\"}", "expected 'messages'")]
    [InlineData("{\"prompt\":\"a\",\"response\":null}", "'response' is Null")]
    [InlineData("{\"messages\":{}}", "expected an array")]
    [InlineData("{\"messages\":[{\"role\":\"user\"}]}", "'messages[0]' needs 'role' and 'content'")]
    [InlineData("{\"messages\":[{\"role\":\"tool\",\"content\":\"\"}]}", "'tool', expected system, user or assistant")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[]}]}", "'messages[0].content' is Array")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "need one from Assistant")]
    [InlineData("{\"messages\":[]}", "no messages")]
    public void Load_BadLine_IsAnErrorWithItsNumber(string line, string message)
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("a.jsonl", Encoding.UTF8.GetBytes("{\"prompt\":\"a\",\"response\":\"b\"}\n\n" + line));
        FileFormatException error = Should.Throw<FileFormatException>(() => DialogDataset.Load(file, s_characters, ChatFormat.Of(ChatFormatKind.ChatMl)));
        error.Message.ShouldContain(message);
        error.Item.ShouldBe("line 3");
    }
}
