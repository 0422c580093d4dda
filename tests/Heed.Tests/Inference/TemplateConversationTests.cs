using Heed.Inference;
using Heed.Tests.Tokenizers;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

public sealed class TemplateConversationTests
{
    private static readonly string s_folder = Directory.GetDirectories(Path.Combine(TestData.Repository, "models")).Single();

    [Fact]
    public async Task SendAsync_ModelWithATemplate_AsksByIt()
    {
        using TemporaryFolder copy = new();
        foreach (string file in Directory.GetFiles(s_folder)) File.Copy(file, Path.Combine(copy.Path, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(copy.Path, "chat_template.jinja"), "{% for m in messages %}{{ 'refuse' in m.content and raise_exception('I will not.') or '' }}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{{ '\n' }}{% endfor %}{{ '<|im_start|>assistant\n' }}");
        using LanguageModel own = LanguageModel.Load(s_folder), changed = LanguageModel.Load(copy.Path);
        changed.ChatFormat.Template.ShouldNotBeNull().Source.ShouldContain("I will not.");
        own.ChatFormat.Template.ShouldNotBeNull().Source.ShouldBe(own.Tokenizer.ChatTemplate);

        using Conversation chat = changed.StartConversation(), same = own.StartConversation();
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 8 };
        (await Text(chat, "Who are you?", options)).ShouldBe(await Text(same, "Who are you?", options));
        (await Should.ThrowAsync<ArgumentException>(() => Text(chat, "refuse", options))).Message.ShouldContain("I will not.");
        chat.Messages.Count.ShouldBe(2);
    }

    [Fact]
    public void ChatFormat_OfAGgufVocabulary_IsItsTemplate()
    {
        Tokenizer tokenizer = Tokenizer.FromGguf(Tokenizer.Load(s_folder).ToGguf());
        ChatFormat.Detect(tokenizer, tokenizer.ChatTemplate).Template.ShouldNotBeNull().Source.ShouldBe(tokenizer.ChatTemplate);
    }

    private static async Task<string> Text(Conversation chat, string message, GenerationOptions options)
    {
        string text = string.Empty;
        await foreach (CompletionPiece piece in chat.SendAsync(message, options)) text += piece.Text;
        return text;
    }
}
