using System.ComponentModel;
using Heed.Tokenizers;
using Microsoft.Extensions.AI;

namespace Heed.ConsoleChat;

/// <summary>What the model may call.</summary>
internal static class Tools
{
    /// <summary>The tools, or none for a model that was never told how tools are called.</summary>
    public static ChatOptions For(ChatFormat format) =>
        format.ToolCalls == ToolCallFormat.None ? new ChatOptions() : new ChatOptions { Tools = [AIFunctionFactory.Create(RollDice)] };

    [Description("Rolls dice and gives the sum of what they show.")]
    private static int RollDice([Description("How many dice, 1 to 10.")] int count, [Description("How many sides each has, 2 to 100.")] int sides)
    {
        int sum = 0;
        for (int i = 0; i < Math.Clamp(count, 1, 10); i++) sum += Random.Shared.Next(1, Math.Clamp(sides, 2, 100) + 1);
        return sum;
    }
}
