using System.Text.Json.Nodes;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>How a model takes part in a chat.</summary>
public sealed record ChatSettings
{
    /// <summary>The tools that the model may call; empty for none.</summary>
    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    /// <summary>Whether it may, must or must not call them.</summary>
    public ToolChoice ToolChoice { get; init; } = ToolChoice.Auto;

    /// <summary>How the answer is generated; null for <see cref="LanguageModel.DefaultOptions"/>. Under its grammar nothing but that is written, so no tool is called.</summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>
    /// Whether whole turns are left out, the oldest first, where not all of them fit the context with room for the answer: for
    /// <see cref="GenerationOptions.MaxTokens"/>, but at most half of the context, or for a quarter of it where that is null. The
    /// system message and the last turn stay. A turn is a question with all calls, results and answers up to the next one.
    /// </summary>
    public bool DropTurns { get; init; }

    /// <summary>Further variables of the model's chat template, such as <c>enable_thinking</c>; null for none.</summary>
    public JsonObject? TemplateVariables { get; init; }

    /// <summary>What was read of earlier chats, so that only what is new is read; null to read all. It must be this model's.</summary>
    public ChatMemory? Memory { get; init; }
}
