using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Heed.ConsoleChat;
using Heed.MinimalApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI.Tests;

[Collection(ModelsCollection.Name)]
public sealed class SampleTests(TestModels models)
{
    [Fact]
    public async Task ConsoleChat_TwoLines_AreAnswered()
    {
        using HeedChatClient client = new(models.Plain);
        using StringReader input = new("Hello!\nTell me about a dog.\n\n");
        using StringWriter output = new();
        await new ChatLoop(client, Tools.For(models.Plain.ChatFormat), input, output).RunAsync(CancellationToken.None);
        string said = output.ToString();
        said.ShouldContain("The model knows no tools.");
        said.Split("tokens in,").Length.ShouldBe(3);
    }

    [Fact]
    public async Task ConsoleChat_AsAProgram_RunsTheShippedModel()
    {
        ProcessStartInfo start = new("dotnet", Path.Combine(AppContext.BaseDirectory, "Heed.ConsoleChat.dll")) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process program = Process.Start(start)!;
        await program.StandardInput.WriteAsync("Hello!\n\n");
        string said = await program.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(2));
        await program.WaitForExitAsync();
        program.ExitCode.ShouldBe(0, said);
        said.ShouldContain("tokens in,");
    }

    [Fact]
    public async Task ConsoleChat_Tool_IsRunAndItsResultShown()
    {
        using IChatClient client = new HeedChatClient(models.WithTools, new HeedClientOptions { MaxOutputTokens = 300 }).AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = Tools.For(models.WithTools.ChatFormat);
        (options.Seed, options.ToolMode) = (1, ChatToolMode.RequireAny);
        using StringReader input = new("Roll two dice.\n");
        using StringWriter output = new();
        await new ChatLoop(client, options, input, output).RunAsync(CancellationToken.None);
        output.ToString().ShouldMatch(@"\[RollDice\(count: \d+, sides: \d+\) = \d+\]");
    }

    [Fact]
    public async Task MinimalApi_ChatAndEmbeddings_Answer()
    {
        await using WebApplication app = ChatApi.Build(["--urls", "http://127.0.0.1:0", "--Heed:MaxOutputTokens", "5", "--Heed:ModelPath", TestModels.Folder, "--Logging:LogLevel:Default", "Warning"]);
        await app.StartAsync();
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };

        using HttpResponseMessage answer = await http.PostAsJsonAsync("/chat", new { messages = new[] { new { role = "user", content = "Hello!" } }, temperature = 0 });
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        string[] events = [.. (await answer.Content.ReadAsStringAsync()).Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal))];
        events.Length.ShouldBeGreaterThan(1);
        JsonElement[] pieces = [.. events.Select(line => JsonElement.Parse(line[5..]))];
        string.Concat(pieces.Select(piece => piece.GetProperty("text").GetString())).ShouldNotBeEmpty();
        pieces[^1].GetProperty("finishReason").GetString().ShouldBeOneOf("length", "stop");
        (await http.PostAsJsonAsync("/chat", new { messages = Array.Empty<object>() })).StatusCode.ShouldBe(System.Net.HttpStatusCode.BadRequest);

        using HttpResponseMessage embedded = await http.PostAsJsonAsync("/embeddings", new { texts = new[] { "A dog.", "A cat." } });
        JsonElement vectors = JsonElement.Parse(await embedded.Content.ReadAsStringAsync());
        vectors.GetProperty("vectors").GetArrayLength().ShouldBe(2);
        vectors.GetProperty("vectors")[0].GetArrayLength().ShouldBe(models.Plain.Config.HiddenSize);
        vectors.GetProperty("tokens").GetInt32().ShouldBeGreaterThan(2);
        await app.StopAsync();
    }

    [Fact]
    public void Samples_BringTheShippedModel() =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, "models", "heed-stories", "model.safetensors")).ShouldBeTrue();
}
