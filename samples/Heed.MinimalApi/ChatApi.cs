using System.Runtime.CompilerServices;
using Heed.Extensions.AI;
using Microsoft.Extensions.AI;

namespace Heed.MinimalApi;

/// <summary>
/// Two endpoints over a Heed model: POST /chat streams an answer as server-sent events, POST /embeddings makes vectors. The section
/// "Heed" of the configuration says which model: <c>--Heed:ModelPath model.gguf</c>; without it, the one that ships with Heed.
/// </summary>
internal static class ChatApi
{
    public static WebApplication Build(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.Services.AddHeed(options =>
        {
            options.ModelPath = Path.Combine(AppContext.BaseDirectory, "models", "heed-stories");
            options.MaxOutputTokens = 256;
            builder.Configuration.GetSection("Heed").Bind(options);
        });
        WebApplication app = builder.Build();
        app.MapPost("/chat", Chat);
        app.MapPost("/embeddings", Embed);
        return app;
    }

    private static IResult Chat(ChatRequest request, IChatClient client, CancellationToken cancellation)
    {
        if (request.Messages is not [.., { Role: "user" }]) return Results.BadRequest("The last message must be the user's.");
        return TypedResults.ServerSentEvents(Answer(request, client, cancellation));
    }

    private static async IAsyncEnumerable<ChatPiece> Answer(ChatRequest request, IChatClient client, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ChatOptions options = new() { MaxOutputTokens = request.MaxTokens, Temperature = request.Temperature };
        IEnumerable<ChatMessage> messages = request.Messages.Select(line => new ChatMessage(new ChatRole(line.Role), line.Content));
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(messages, options, cancellation))
            yield return new ChatPiece(update.Text, update.FinishReason?.Value);
    }

    private static async Task<IResult> Embed(EmbeddingRequest request, IEmbeddingGenerator<string, Embedding<float>> generator, CancellationToken cancellation)
    {
        if (request.Texts is null or []) return Results.BadRequest("Texts is empty; expected one text or more.");
        GeneratedEmbeddings<Embedding<float>> vectors = await generator.GenerateAsync(request.Texts, cancellationToken: cancellation);
        return Results.Ok(new EmbeddingResponse([.. vectors.Select(vector => vector.Vector.ToArray())], vectors.Usage?.InputTokenCount));
    }
}
