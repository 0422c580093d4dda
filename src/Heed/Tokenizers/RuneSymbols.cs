using System.Text;

namespace Heed.Tokenizers;

/// <summary>The symbol that each character of a text starts as: a vocabulary id, or -1 where there is none.</summary>
internal sealed class RuneSymbols
{
    private int[] _low = [];
    private readonly Dictionary<int, int> _high = [];

    public void Set(Rune rune, int symbol)
    {
        if (!rune.IsBmp)
        {
            _high[rune.Value] = symbol;
            return;
        }

        if (rune.Value >= _low.Length)
        {
            int old = _low.Length;
            Array.Resize(ref _low, Math.Max(256, (rune.Value | 0xFFF) + 1));
            Array.Fill(_low, -1, old, _low.Length - old);
        }

        _low[rune.Value] = symbol;
    }

    public int Get(Rune rune)
    {
        if ((uint)rune.Value < (uint)_low.Length) return _low[rune.Value];
        return _high.TryGetValue(rune.Value, out int symbol) ? symbol : -1;
    }
}
