using System.Diagnostics;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>The CPU's operations of a Llama-like decoder that writes texts, and the time that each takes.</summary>
internal sealed class ProfiledBackend(int threads) : IdleBackend, IDisposable
{
    private readonly CpuBackend _cpu = new(threads);
    private readonly Dictionary<string, (long Ticks, int Calls)> _operations = [];
    private readonly Dictionary<LinearWeights, string> _names = [];

    /// <summary>Seconds and calls of each operation since <see cref="Clear"/>.</summary>
    public IEnumerable<(string Name, double Seconds, int Calls)> Operations => _operations.Select(pair => (pair.Key, (double)pair.Value.Ticks / Stopwatch.Frequency, pair.Value.Calls));

    public void Clear() => _operations.Clear();

    public override void Fill(Tensor destination, double value)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Fill(destination, value);
        Note("elementwise", start);
    }

    public override void Copy(Tensor source, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Copy(source, destination);
        Note("elementwise", start);
    }

    public override void Unary(UnaryOp op, Tensor x, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Unary(op, x, destination);
        Note("elementwise", start);
    }

    public override void Binary(BinaryOp op, Tensor a, Tensor b, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Binary(op, a, b, destination);
        Note("elementwise", start);
    }

    public override void Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor destination, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Linear(x, weights, bias, destination, accumulate);
        if (!_names.TryGetValue(weights, out string? name)) _names.Add(weights, name = $"matrix {weights.Rows} × {weights.Columns}");
        Note(name, start);
    }

    public override void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Gather(table, ids, destination);
        Note("table", start);
    }

    public override void Gather(LinearWeights table, ReadOnlySpan<int> ids, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Gather(table, ids, destination);
        Note("table", start);
    }

    public override void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.RmsNorm(x, weight, epsilon, destination);
        Note("norms", start);
    }

    public override void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.LayerNorm(x, weight, bias, epsilon, destination);
        Note("norms", start);
    }

    public override void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout, bool inverse = false)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Rope(x, cos, sin, positions, layout, inverse);
        Note("RoPE", start);
    }

    public override void Gated(Activation activation, Tensor x, Tensor destination, float beta = 1)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Gated(activation, x, destination, beta);
        Note("SwiGLU", start);
    }

    public override void StoreKeyValues(in HeadRange keys, in HeadRange values, ReadOnlySpan<int> positions, StoredKeyValues stored)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.StoreKeyValues(keys, values, positions, stored);
        Note("storing keys and values", start);
    }

    public override void Attention(in HeadRange q, StoredKeyValues stored, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys, in AttentionOptions options, Tensor destination, AttentionModifiers? modifiers = null)
    {
        long start = Stopwatch.GetTimestamp();
        _cpu.Attention(q, stored, limits, firstKeys, options, destination, modifiers);
        Note("attention", start);
    }

    public void Dispose() => _cpu.Dispose();

    private void Note(string name, long start)
    {
        (long ticks, int calls) = _operations.GetValueOrDefault(name);
        _operations[name] = (ticks + Stopwatch.GetTimestamp() - start, calls + 1);
    }
}
