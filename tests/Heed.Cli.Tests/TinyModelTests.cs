using System.Text.Json.Nodes;
using Heed.Formats;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class TinyModelTests
{
    [Fact]
    public void MakeTinyModel_Again_IsTheShippedModel()
    {
        using TempFolder folder = new();
        string shipped = Path.Combine(TestData.Repository, "models", "heed-tiny-random");

        HeedProcess.Run("make-tiny-model", folder.Path).ExitCode.ShouldBe(0);

        string[] names = [.. Directory.EnumerateFiles(shipped).Select(Path.GetFileName).Order()!];
        Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order().ShouldBe(names);
        // What the files say counts, not how their JSON is laid out.
        foreach (string name in names.Where(name => name.EndsWith(".json", StringComparison.Ordinal)))
            JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(folder.File(name))), JsonNode.Parse(File.ReadAllText(Path.Combine(shipped, name)))).ShouldBeTrue(name);
        File.ReadAllText(folder.File("README.md")).ShouldBe(File.ReadAllText(Path.Combine(shipped, "README.md")).ReplaceLineEndings("\n"));
        CompareWeights(folder.File("model.safetensors"), Path.Combine(shipped, "model.safetensors"));
    }

    private static void CompareWeights(string made, string shipped)
    {
        using SafetensorsFile a = SafetensorsFile.Open(made), b = SafetensorsFile.Open(shipped);
        a.Tensors.Select(tensor => tensor.Name).ShouldBe(b.Tensors.Select(tensor => tensor.Name));
        foreach (StoredTensor tensor in a.Tensors)
        {
            b.TryGet(tensor.Name, out StoredTensor? other).ShouldBeTrue();
            float[] x = new float[tensor.ElementCount], y = new float[other!.ElementCount];
            a.ReadFloats(tensor, 0, x);
            b.ReadFloats(other, 0, y);
            // Logarithm and cosine behind the normal numbers may differ in their last bit between systems.
            for (int i = 0; i < x.Length; i++) x[i].ShouldBe(y[i], 1e-6f);
        }
    }
}
