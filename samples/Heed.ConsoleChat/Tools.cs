using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
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
    private static int RollDice([Description("How many dice."), Range(1, 10)] int count, [Description("How many sides each has."), Range(2, 100)] int sides)
    {
        if (count is < 1 or > 10 || sides is < 2 or > 100) throw new ArgumentException("1 to 10 dice of 2 to 100 sides.");
        return Enumerable.Range(0, count).Sum(_ => Random.Shared.Next(1, sides + 1));
    }
}
