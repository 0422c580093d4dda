using Heed.MinimalApi;

await using WebApplication app = ChatApi.Build(args);
await app.RunAsync();
