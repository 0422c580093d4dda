using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Heed.Inference.Grammars;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI.Tests;

/// <summary>The schemas that the abstractions make of types and functions can be held to.</summary>
public sealed class SchemaTests
{
    public enum Mood
    {
        Calm,
        Wild,
    }

    public sealed record Paw([property: Range(1, 4)] int Number, bool? Clean);

    public sealed class Beast
    {
        [Description("What it is called."), StringLength(20, MinimumLength = 1)]
        public required string Name { get; set; }

        public string? Nickname { get; set; }

        public Mood Mood { get; set; }

        public Mood? Yesterday { get; set; }

        public double Weight { get; set; }

        public decimal Price { get; set; }

        public long? Followers { get; set; }

        public List<Paw> Paws { get; set; } = [];

        public Dictionary<string, int> Counts { get; set; } = [];

        public DateTimeOffset Born { get; set; }

        public TimeSpan Nap { get; set; }

        public DateOnly Bought { get; set; }

        public Guid Id { get; set; }

        public Uri? Page { get; set; }

        public Beast? Mother { get; set; }

        public int[][] Board { get; set; } = [];

        public char Letter { get; set; }
    }

    [Theory]
    [InlineData(typeof(Beast))]
    [InlineData(typeof(Paw))]
    [InlineData(typeof(List<Beast>))]
    [InlineData(typeof(Mood))]
    [InlineData(typeof(string))]
    [InlineData(typeof(int?))]
    [InlineData(typeof(Dictionary<string, Paw[]>))]
    [InlineData(typeof(JsonElement))]
    public void ForJsonSchema_OfTypes_BecomesAGrammar(Type type) =>
        Should.NotThrow(() => Grammar.FromSchema(ChatResponseFormat.ForJsonSchema(type).Schema!.Value.GetRawText()));

    [Fact]
    public void JsonSchema_OfFunctions_BecomesAGrammar()
    {
        AIFunction function = AIFunctionFactory.Create(([Description("Who.")] Beast beast, int count = 3, string? note = null, double[]? weights = null, CancellationToken cancellation = default) => count, "walk");
        Should.NotThrow(() => Grammar.FromSchema(function.JsonSchema.GetRawText()));
    }
}
