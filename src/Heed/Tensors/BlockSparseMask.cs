using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>BigBird's blocks: a window around the query's own, the first ones for and from everybody, and some drawn by chance.</summary>
/// <param name="Block">Positions in a block.</param>
/// <param name="Window">Blocks in the window, an odd number.</param>
/// <param name="Global">Blocks at the start that see all and that all see.</param>
/// <param name="Random">Blocks drawn for each query block.</param>
/// <param name="Seed">What they are drawn from.</param>
/// <param name="Backward">Whether they are drawn from those before the window only.</param>
internal sealed record BlockSparseMask(int Block, int Window, int Global, int Random, int Seed, bool Backward) : AttentionMask
{
    private const int StackPicks = 64;

    public override string ToString() => $"BlockSparse({Block}, {Window}, {Global}, {Random}, {Seed})";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        // A query before the first key stands in a block of a negative number.
        int blocks = (int)(((long)row.Keys + Block - 1) / Block), own = (int)Math.Floor((double)row.Position / Block);
        if (own >= 0 && own < Global) return;
        int globals = Math.Min(Global, blocks);
        int windowFirst = (int)Math.Clamp((long)own - Window / 2, globals, blocks), windowEnd = (int)Math.Clamp((long)own + Window / 2 + 1, windowFirst, blocks);
        int before = windowFirst - globals, candidates = Backward ? before : before + blocks - windowEnd;
        int count = Math.Min(Random, candidates);
        Span<int> picks = count <= StackPicks ? stackalloc int[StackPicks] : new int[count];
        picks = picks[..count];
        Draw(own, candidates, picks);
        runs.Begin();
        Keep(runs, 0, globals);
        int next = 0;
        while (next < count && picks[next] < before) KeepBlock(runs, globals + picks[next++]);
        Keep(runs, windowFirst, windowEnd);
        while (next < count) KeepBlock(runs, windowEnd + picks[next++] - before);
        runs.Commit();
    }

    /// <summary>Different numbers below <paramref name="candidates"/>, each set of them as likely (Floyd's algorithm), ascending.</summary>
    private void Draw(int queryBlock, int candidates, Span<int> picks)
    {
        ulong state = SplitMix.Mix((ulong)(uint)Seed + SplitMix.Step) ^ SplitMix.Mix((ulong)(uint)queryBlock);
        for (int i = 0; i < picks.Length; i++)
        {
            int last = candidates - picks.Length + i;
            state += SplitMix.Step;
            int pick = (int)(((UInt128)SplitMix.Mix(state) * (ulong)(last + 1)) >> 64);
            picks[i] = picks[..i].Contains(pick) ? last : pick;
        }
        picks.Sort();
    }

    private void Keep(MaskRuns runs, int firstBlock, int endBlock)
    {
        if (firstBlock < endBlock) runs.Keep(firstBlock * Block, (int)Math.Min(int.MaxValue, (long)endBlock * Block));
    }

    private void KeepBlock(MaskRuns runs, int block) => Keep(runs, block, block + 1);
}
