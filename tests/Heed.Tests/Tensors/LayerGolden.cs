using System.Text.Json;
using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>One operation's sample with PyTorch's result, from tests/Golden/layers.</summary>
internal sealed class LayerGolden
{
    private readonly JsonElement _case;

    private LayerGolden(JsonElement @case) => _case = @case;

    public string Name => _case.GetProperty("name").GetString()!;

    public static IEnumerable<LayerGolden> Read(string operation)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden($"layers/{operation}.json")));
        foreach (JsonElement @case in document.RootElement.GetProperty("cases").EnumerateArray()) yield return new LayerGolden(@case.Clone());
    }

    public static LayerGolden Read(string operation, string name) => Read(operation).Single(golden => golden.Name == name);

    public bool Has(string input) => _case.GetProperty("inputs").TryGetProperty(input, out _);

    public Tensor Input(string name, Device device) => ReadTensor(_case.GetProperty("inputs").GetProperty(name), device);

    public IEnumerable<string> InputNames => _case.GetProperty("inputs").EnumerateObject().Select(input => input.Name);

    public Tensor[] Inputs(Device device) => [.. _case.GetProperty("inputs").EnumerateObject().Select(input => ReadTensor(input.Value, device))];

    public Tensor Output(Device device) => ReadTensor(_case.GetProperty("output"), device);

    /// <summary>The gradient that arrives at the output.</summary>
    public Tensor Upstream(Device device) => ReadTensor(_case.GetProperty("upstream"), device);

    /// <summary>The gradient that then arrives at an input.</summary>
    public Tensor Gradient(string input, Device device) => ReadTensor(_case.GetProperty("gradients").GetProperty(input), device);

    public int[]? Integers(string name) => _case.TryGetProperty("integers", out JsonElement all) && all.TryGetProperty(name, out JsonElement one)
        ? [.. one.GetProperty("values").EnumerateArray().Select(value => value.GetInt32())] : null;

    public double? Number(string name) => Parameter(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    public bool Flag(string name) => Parameter(name) is { ValueKind: JsonValueKind.True };

    public string? Word(string name) => Parameter(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public bool IsNull(string name) => Parameter(name) is null or { ValueKind: JsonValueKind.Null };

    public void ShouldGive(Func<Device, Tensor> operation)
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor got = operation(device), expected = ReadTensor(_case.GetProperty("output"), device);
            // The goldens are double results rounded to float; sums of up to 17 terms in float32 stay within this.
            double tolerance = ReferenceEquals(device, Device.Cpu) ? 2e-6 : 2e-7;
            Samples.ShouldMatch(got, expected, tolerance, tolerance);
        }
    }

    private JsonElement? Parameter(string name) => _case.GetProperty("parameters").TryGetProperty(name, out JsonElement value) ? value : null;

    private static Tensor ReadTensor(JsonElement json, Device device)
    {
        int[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        JsonElement values = json.GetProperty("values");
        float[] elements = values.ValueKind == JsonValueKind.Array ? [.. values.EnumerateArray().Select(value => value.GetSingle())] : [values.GetSingle()];
        return Tensor.From(elements, new Shape(shape), device);
    }
}
