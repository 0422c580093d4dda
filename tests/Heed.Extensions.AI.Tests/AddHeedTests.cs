using Heed.Inference;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heed.Extensions.AI.Tests;

public sealed class AddHeedTests
{
    [Fact]
    public async Task AddHeed_Services_ShareOneModelThatTheContainerFrees()
    {
        ServiceProvider provider = new ServiceCollection().AddHeed(options => (options.ModelPath, options.ContextLength, options.MaxOutputTokens) = (TestModels.Folder, 64, 2)).BuildServiceProvider();
        IChatClient client = provider.GetRequiredService<IChatClient>();
        client.GetService<ChatClientMetadata>()!.DefaultModelId.ShouldBe("heed-stories");
        IEmbeddingGenerator<string, Embedding<float>> generator = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        // Nothing is loaded before it is needed.
        generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions.ShouldBeNull();
        Task<ChatResponse>[] answers = [.. Enumerable.Range(0, 4).Select(_ => client.GetResponseAsync("Hello!"))];
        (await Task.WhenAll(answers)).ShouldAllBe(answer => answer.Usage!.OutputTokenCount <= 2);
        (await generator.GenerateVectorAsync("Hello!")).Length.ShouldBe(generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions!.Value);
        LanguageModel model = client.GetService<LanguageModel>()!;
        model.ContextLength.ShouldBe(64);
        provider.GetRequiredService<LanguageModel>().ShouldBeSameAs(model);
        generator.GetService<LanguageModel>().ShouldBeSameAs(model);
        provider.GetRequiredService<IEmbeddingGenerator>().ShouldBeSameAs(generator);
        await provider.DisposeAsync();
        Should.Throw<ObjectDisposedException>(() => { model.CompleteAsync("Hello!"); });
        await Should.ThrowAsync<ObjectDisposedException>(() => client.GetResponseAsync("Hello!"));
    }

    [Fact]
    public async Task AddHeed_Named_IsKeyed()
    {
        await using ServiceProvider provider = new ServiceCollection()
            .AddHeed("small", options => (options.ModelPath, options.ContextLength) = (TestModels.Folder, 32))
            .AddHeed("large", options => (options.ModelPath, options.ContextLength, options.ModelId) = (TestModels.Folder, 128, "big"))
            .BuildServiceProvider();
        provider.GetService<IChatClient>().ShouldBeNull();
        IChatClient small = provider.GetRequiredKeyedService<IChatClient>("small"), large = provider.GetRequiredKeyedService<IChatClient>("large");
        (small.GetService<LanguageModel>()!.ContextLength, large.GetService<LanguageModel>()!.ContextLength).ShouldBe((32, 128));
        large.GetService<ChatClientMetadata>()!.DefaultModelId.ShouldBe("big");
        provider.GetRequiredKeyedService<LanguageModel>("large").ShouldBeSameAs(large.GetService<LanguageModel>());
        provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("small").GetService<LanguageModel>().ShouldBeSameAs(small.GetService<LanguageModel>());
    }

    [Fact]
    public void AddHeed_OptionsFromElsewhere_Count()
    {
        ServiceCollection services = new();
        services.Configure<HeedOptions>(options => options.ModelPath = TestModels.Folder);
        using ServiceProvider provider = services.AddHeedChatClient().BuildServiceProvider();
        provider.GetRequiredService<IChatClient>().GetService<LanguageModel>().ShouldNotBeNull();
        provider.GetService<IEmbeddingGenerator<string, Embedding<float>>>().ShouldBeNull();
    }

    [Fact]
    public void AddHeed_ClientsThatAreWrapped_AreFoundByTheirOwnType()
    {
        ServiceCollection services = new();
        services.AddHeed(options => options.ModelPath = TestModels.Folder);
        services.AddChatClient(provider => provider.GetRequiredService<HeedChatClient>()).UseFunctionInvocation();
        using ServiceProvider provider = services.BuildServiceProvider();
        IChatClient client = provider.GetRequiredService<IChatClient>();
        client.ShouldBeOfType<FunctionInvokingChatClient>();
        client.GetService<HeedChatClient>().ShouldBeSameAs(provider.GetRequiredService<HeedChatClient>());
        provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().ShouldBeSameAs(provider.GetRequiredService<HeedEmbeddingGenerator>());
        // Who comes last counts, as with every client.
        services.AddHeedChatClient();
        using ServiceProvider later = services.BuildServiceProvider();
        later.GetRequiredService<IChatClient>().ShouldBeOfType<HeedChatClient>();
    }

    [Fact]
    public void AddHeed_WrongOptions_AreAllNamed()
    {
        OptionsValidationException wrong = Wrong(options =>
        {
            options.ModelPath = "/nowhere/model.gguf";
            options.Threads = -1;
            options.ContextLength = -2;
            options.MaxOutputTokens = 0;
            options.KeptChats = -1;
            options.CacheType = (KvCacheType)77;
            options.Pooling = (EmbeddingPooling)78;
            options.AdapterPath = "/nowhere/adapter";
            options.RepackedPath = "cache";
            options.Weights = Heed.Models.Checkpoints.WeightForm.Exact;
        });
        foreach (string part in (string[])["ModelPath is '/nowhere/model.gguf', which does not exist", "Threads is -1", "ContextLength is -2", "MaxOutputTokens is 0", "KeptChats is -1", "CacheType is 77", "Pooling is 78", "AdapterPath", "Weights is Exact; expected Fast"])
            wrong.Message.ShouldContain(part);
        Wrong(_ => { }).Message.ShouldContain("HeedOptions: ModelPath is empty; expected the path of a model's file or folder.");
        Wrong(_ => { }, "small").Message.ShouldContain("HeedOptions 'small': ModelPath is empty");

        static OptionsValidationException Wrong(Action<HeedOptions> configure, string? name = null)
        {
            IServiceCollection services = new ServiceCollection();
            using ServiceProvider provider = (name is null ? services.AddHeed(configure) : services.AddHeed(name, configure)).BuildServiceProvider();
            // What hosts call before they start.
            Should.Throw<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
            return Should.Throw<OptionsValidationException>(() => name is null ? provider.GetRequiredService<IChatClient>() : provider.GetRequiredKeyedService<IChatClient>(name));
        }
    }

    [Fact]
    public async Task GetResponseAsync_ModelThatCannotBeLoaded_SaysWhyAndIsTriedAgain()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "no model");
        await using ServiceProvider provider = new ServiceCollection().AddHeed(options => options.ModelPath = file).BuildServiceProvider();
        IChatClient client = provider.GetRequiredService<IChatClient>();
        for (int i = 0; i < 2; i++) (await Should.ThrowAsync<FileFormatException>(() => client.GetResponseAsync("Hello!"))).Message.ShouldContain(file);
        File.Delete(file);
        await Should.ThrowAsync<IOException>(() => client.GetResponseAsync("Hello!"));
    }

    [Fact]
    public void AddHeed_ContainerDisposedBeforeAnythingWasLoaded_IsFine()
    {
        ServiceProvider provider = new ServiceCollection().AddHeed(options => options.ModelPath = TestModels.Folder).BuildServiceProvider();
        provider.GetRequiredService<IChatClient>();
        provider.Dispose();
        provider.Dispose();
    }
}
