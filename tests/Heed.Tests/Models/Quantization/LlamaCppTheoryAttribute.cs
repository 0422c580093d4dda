namespace Heed.Tests.Models.Quantization;

/// <summary>A theory that needs node and node-llama-cpp beside tests/Golden/llama_cpp/decode.mjs, and is skipped where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LlamaCppTheoryAttribute : TheoryAttribute
{
    public LlamaCppTheoryAttribute()
    {
        bool node = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, "node")));
        if (!node) Skip = "node is absent";
        else if (!Directory.Exists(TestData.Golden("llama_cpp/node_modules/node-llama-cpp"))) Skip = "node-llama-cpp is absent (npm install in tests/Golden/llama_cpp)";
    }
}
