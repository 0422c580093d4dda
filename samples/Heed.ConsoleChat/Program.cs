using Heed.ConsoleChat;
using Heed.Extensions.AI;
using Heed.Inference;
using Microsoft.Extensions.AI;

// A path, or the model that ships with Heed.
string path = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "models", "heed-stories");
using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
using LanguageModel model = await LanguageModel.LoadAsync(path, cancellation: stop.Token);
using IChatClient client = new HeedChatClient(model, new HeedClientOptions { ModelId = Path.GetFileName(path) }).AsBuilder().UseFunctionInvocation().Build();
try
{
    await new ChatLoop(client, Tools.For(model.ChatFormat), Console.In, Console.Out).RunAsync(stop.Token);
}
catch (OperationCanceledException)
{
    Console.WriteLine();
}
