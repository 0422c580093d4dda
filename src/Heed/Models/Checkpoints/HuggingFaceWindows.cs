namespace Heed.Models.Checkpoints;

/// <summary>Which layers of a Hugging Face model see a window only.</summary>
internal static class HuggingFaceWindows
{
    private const string Sliding = "sliding_attention", Full = "full_attention";
    private const int DefaultWindow = 4096;

    /// <summary>Adds the window that <paramref name="json"/> gives to <paramref name="config"/>.</summary>
    public static ModelConfig Apply(JsonSettings json, ModelConfig config)
    {
        if (json.OptionalTexts("layer_types") is { } types) return FromTypes(json, config, types);
        return config.Architecture switch
        {
            "mistral" => config with { Window = Window(json, DefaultWindow) },
            "phi3" => config with { Window = Window(json, 0) },
            "gemma2" => config with { Window = Window(json, DefaultWindow), WindowEvery = 2 },
            "qwen2" or "qwen3" when json.Flag("use_sliding_window", fallback: false) => From(json, config, json.Integer("max_window_layers") ?? 28),
            _ => config,
        };
    }

    // An explicit null says that there is no window.
    private static int Window(JsonSettings json, int fallback) => json.OptionalSize("sliding_window") ?? (json.Names("sliding_window") ? 0 : fallback);

    private static ModelConfig From(JsonSettings json, ModelConfig config, int first)
    {
        if (first < 0) throw json.Wrong("max_window_layers", $"is {first}; expected 0 or more.");
        int window = Window(json, DefaultWindow);
        return first >= config.NumLayers || window == 0 ? config : config with { Window = window, WindowFrom = first };
    }

    private static ModelConfig FromTypes(JsonSettings json, ModelConfig config, string[] types)
    {
        foreach (string type in types)
            if (type is not (Sliding or Full)) throw json.Unsupported("layer_types", type, $"{Full}, {Sliding}");
        if (types.Length != config.NumLayers)
            throw json.Wrong("layer_types", $"has {types.Length} entries; expected num_hidden_layers, {config.NumLayers}.");
        int first = Array.IndexOf(types, Sliding);
        if (first < 0) return config;
        ModelConfig windowed = config with { Window = json.Size("sliding_window"), WindowFrom = first };
        int second = Array.IndexOf(types, Sliding, first + 1);
        foreach (int every in (ReadOnlySpan<int>)[1, second < 0 ? config.NumLayers : second - first])
        {
            ModelConfig candidate = windowed with { WindowEvery = every };
            bool fits = true;
            for (int i = 0; i < types.Length; i++) fits &= candidate.AttentionOptionsOf(i).Window > 0 == (types[i] == Sliding);
            if (fits) return candidate with { WindowFrom = first == 0 ? 0 : candidate.WindowFrom };
        }
        throw json.Wrong("layer_types", "has a pattern of windows that is not supported; expected windows from some layer on, or in every n-th layer.");
    }
}
