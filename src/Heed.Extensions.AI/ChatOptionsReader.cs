using System.Text.Json.Nodes;
using Heed.Inference;
using Heed.Inference.Chat;
using Heed.Inference.Grammars;
using Heed.Tokenizers;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI;

/// <summary>Options as the abstractions have them, in Heed's terms. What cannot be held to is refused.</summary>
internal sealed class ChatOptionsReader(HeedClientOptions client, GrammarCache grammars)
{
    /// <exception cref="NotSupportedException">An option cannot be held to.</exception>
    /// <exception cref="ArgumentException">A value is out of range or of the wrong kind.</exception>
    /// <exception cref="GrammarException">The response's schema cannot be held to.</exception>
    public ChatSettings Read(ChatOptions options, IChatClient self, LanguageModel model)
    {
        RefuseUnsupported(options);
        ChatSettings settings = new()
        {
            Generation = Generation(options, self, model),
            Tools = Tools(options),
            ToolChoice = options.ToolMode switch
            {
                null or AutoChatToolMode => ToolChoice.Auto,
                NoneChatToolMode => ToolChoice.None,
                RequiredChatToolMode { RequiredFunctionName: { } name } => ToolChoice.Named(name),
                RequiredChatToolMode => ToolChoice.Required,
                ChatToolMode other => throw new NotSupportedException($"ChatOptions: ToolMode is a {other.GetType().Name}; expected Auto, None, RequireAny or RequireSpecific."),
            },
            TemplateVariables = ReasoningVariables(options.Reasoning, model.ChatFormat),
        };
        settings = AdditionalOptions.Apply(options.AdditionalProperties, settings);
        if (settings.ToolChoice.IsNone) settings = settings with { Tools = [] };
        if (settings.ToolChoice.IsForced && settings.Tools.Count == 0)
            throw new ArgumentException("ChatOptions: ToolMode requires a call, and Tools is empty; expected tools that may be called.", nameof(options));
        if (settings.Tools.Count > 0 && settings.Generation!.Grammar is not null)
            throw new NotSupportedException("ChatOptions: there are Tools, and ResponseFormat (or a grammar) rules out calls of them; expected one of them, or ToolMode None.");
        return settings;
    }

    private static void RefuseUnsupported(ChatOptions options)
    {
        if (options.ConversationId is not null)
            throw new NotSupportedException("ChatOptions: ConversationId is given, and the client keeps no conversations; send all messages of one each time, without an id.");
        if (options.ContinuationToken is not null)
            throw new NotSupportedException("ChatOptions: ContinuationToken is given; answers that broke off cannot be gone on with.");
        if (options.AllowBackgroundResponses == true)
            throw new NotSupportedException("ChatOptions: AllowBackgroundResponses is true; answers end with their requests.");
    }

    private GenerationOptions Generation(ChatOptions options, IChatClient self, LanguageModel model)
    {
        GenerationOptions given = options.RawRepresentationFactory?.Invoke(self) switch
        {
            null => client.Generation ?? model.DefaultOptions,
            GenerationOptions raw => raw,
            object other => throw new ArgumentException($"ChatOptions: RawRepresentationFactory gave a {other.GetType()}; expected a {typeof(GenerationOptions)}, or null.", nameof(options)),
        };
        if (given.EchoPrompt) throw new NotSupportedException("GenerationOptions: EchoPrompt is true; a prompt is no part of an answer.");
        GenerationOptions asked = given with
        {
            Temperature = options.Temperature ?? given.Temperature,
            TopP = options.TopP ?? given.TopP,
            TopK = options.TopK ?? given.TopK,
            MaxTokens = options.MaxOutputTokens ?? given.MaxTokens ?? client.MaxOutputTokens,
            Seed = options.Seed is { } seed ? unchecked((ulong)seed) : given.Seed,
            FrequencyPenalty = options.FrequencyPenalty ?? given.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? given.PresencePenalty,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : given.StopStrings,
            Grammar = GrammarOf(options.ResponseFormat) ?? given.Grammar,
        };
        if (given.Steps is not null && (options.Temperature ?? options.TopP ?? options.TopK ?? options.FrequencyPenalty ?? options.PresencePenalty) is not null)
            throw new NotSupportedException("ChatOptions: GenerationOptions.Steps says how tokens are chosen, and Temperature, TopP, TopK and the penalties would be passed over; expected one of them.");
        return asked.Validate();
    }

    private Grammar? GrammarOf(ChatResponseFormat? format) => format switch
    {
        null or ChatResponseFormatText => null,
        ChatResponseFormatJson { Schema: { } schema } => grammars.Of(schema.GetRawText()),
        ChatResponseFormatJson => Grammar.Json,
        _ => throw new NotSupportedException($"ChatOptions: ResponseFormat is a {format.GetType().Name}; expected text, JSON or a JSON schema."),
    };

    private static List<ToolDefinition> Tools(ChatOptions options)
    {
        List<ToolDefinition> tools = [];
        foreach (AITool? tool in options.Tools ?? [])
            tools.Add(tool switch
            {
                AIFunctionDeclaration function => new ToolDefinition(function.Name, function.Description, function.JsonSchema),
                null => throw new ArgumentException("ChatOptions: a tool is null; expected functions.", nameof(options)),
                _ => throw new NotSupportedException($"ChatOptions: the tool '{tool.Name}' is a {tool.GetType().Name}; expected functions ({nameof(AIFunctionDeclaration)}), since nothing else runs where the model does."),
            });
        return tools;
    }

    /// <summary>The names under which templates look for how much a model is to think.</summary>
    private static JsonObject? ReasoningVariables(ReasoningOptions? reasoning, ChatFormat format)
    {
        if (reasoning?.Effort is not { } effort) return null;
        string source = format.Template?.Source ?? "";
        JsonObject variables = [];
        if (source.Contains("enable_thinking", StringComparison.Ordinal)) variables["enable_thinking"] = effort != ReasoningEffort.None;
        else if (source.Contains("reasoning_effort", StringComparison.Ordinal) && effort != ReasoningEffort.None)
            variables["reasoning_effort"] = effort switch { ReasoningEffort.Low => "low", ReasoningEffort.Medium => "medium", _ => "high" };
        else throw new NotSupportedException($"ChatOptions: Reasoning.Effort is {effort}, and the model's chat template has no word for it.");
        return variables;
    }
}
