using Heed.Inference;

namespace Heed.Extensions.AI.Tests;

/// <summary>The model that ships with the repository, as it is and with a chat template that takes tools. Loaded once for all tests.</summary>
public sealed class TestModels : IDisposable
{
    /// <summary>Writes tools, calls, results and reasoning as Hermes' models expect them.</summary>
    private const string Template = """
        {%- if tools %}<|im_start|>system
        Tools: {% for tool in tools %}{{ tool.function.name }} {% endfor %}<tool_call><|im_end|>
        {% endif %}
        {%- for message in messages %}<|im_start|>{{ message.role }}
        {% if message.reasoning_content %}<think>{{ message.reasoning_content }}</think>{% endif %}{{ message.content }}
        {%- for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}<|im_end|>
        {% endfor %}
        {%- if add_generation_prompt %}<|im_start|>assistant
        {% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}{% endif %}
        """;

    private readonly string _copy = Directory.CreateTempSubdirectory("heed-ext-").FullName;

    public TestModels()
    {
        foreach (string file in Directory.GetFiles(Folder)) File.Copy(file, Path.Combine(_copy, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(_copy, "chat_template.jinja"), Template);
        (Plain, WithTools) = (LanguageModel.Load(Folder), LanguageModel.Load(_copy));
    }

    /// <summary>The root of the checkout.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder of the model that ships.</summary>
    public static string Folder => Path.Combine(Repository, "models", "heed-stories");

    public LanguageModel Plain { get; }

    public LanguageModel WithTools { get; }

    public void Dispose()
    {
        Plain.Dispose();
        WithTools.Dispose();
        Directory.Delete(_copy, recursive: true);
    }

    private static string FindRepository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Heed.slnx"))) return folder.FullName;
        throw new InvalidOperationException("tests must run from inside the checkout (Heed.slnx not found)");
    }
}

[CollectionDefinition(Name)]
public sealed class ModelsCollection : ICollectionFixture<TestModels>
{
    public const string Name = "models";
}
