using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Hard attention: what it chooses, how often, and what its gradients are on average.</summary>
public sealed class HardAttentionTests
{
    private const int Keys = 5, Dim = 3;

    [Fact]
    public void HardAttention_Evaluation_TakesTheGreatestAndTheFirstOfEquals()
    {
        Tensor q = Tensor.From([1, 0], new Shape(1, 1, 1, 2)), v = Tensor.From([1, 2, 3, 4, 5], new Shape(1, 5, 1, 1));
        Tensor k = Tensor.From([0, 9, 2, 0, 1, 0, 2, 5, 2, 0], new Shape(1, 5, 1, 2));
        HardAttentionResult result = Ops.HardAttention(q, k, v, 1, causal: false);
        result.Choices.ShouldBe([1]);
        result.Output.ToArray().ShouldBe([2f]);
        result.LogProbability.ToArray()[0].ShouldBe((float)Math.Log(Math.Exp(2) / (1 + Math.E + 3 * Math.Exp(2))), 1e-6f);
        // Chunks of two: 0 and 1, 2 and 3, 4. The last is alone and has less than each of the others; the first wins by e^0 < e^1.
        Ops.HardAttention(q, k, v, 1, causal: false, chunk: 2).Choices.ShouldBe([1]);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void HardAttention_ManyDraws_FollowTheProbabilitiesAndMeanSoftAttention(int chunk)
    {
        const int Draws = 40000;
        (Tensor q, Tensor k, Tensor v) = Inputs(Device.Cpu);
        HardAttentionResult result = Ops.HardAttention(Repeat(q, Draws), Repeat(k, Draws), Repeat(v, Draws), 0.7f, causal: false, chunk, seed: 5);
        double[] p = Probabilities(q, k);
        foreach (int choice in Enumerable.Range(0, (Keys + chunk - 1) / chunk))
        {
            double expected = p.Skip(choice * chunk).Take(chunk).Sum(), got = result.Choices.Count(c => c == choice) / (double)Draws;
            // Five standard deviations of a frequency.
            got.ShouldBe(expected, 5 * Math.Sqrt(expected / Draws));
        }
        float[] soft = Ops.Attention(q, k, v, new AttentionOptions(0.7f), causal: false).ToArray();
        for (int i = 0; i < Dim; i++) ((double)result.Output.Mean(0).ToArray()[i]).ShouldBe(soft[i], 0.05);
        // What a row says of its choice.
        for (int row = 0; row < 20; row++)
            Math.Exp(result.LogProbability.ToArray()[row]).ShouldBe(p.Skip(result.Choices[row] * chunk).Take(chunk).Sum(), 1e-5);
    }

    [Fact]
    public void HardAttention_SingleKeys_GivesTheChosenValuesBits()
    {
        (Tensor q, Tensor k, Tensor v) = Inputs(Device.Cpu, queries: 7);
        HardAttentionResult result = Ops.HardAttention(q, k, v, 1, causal: false, seed: 3), again = Ops.HardAttention(q, k, v, 1, causal: false, seed: 3);
        again.Choices.ShouldBe(result.Choices);
        Ops.HardAttention(q, k, v, 1, causal: false, seed: 4).Choices.ShouldNotBe(result.Choices);
        for (int i = 0; i < 7; i++) result.Output.ToArray()[(i * Dim)..((i + 1) * Dim)].ShouldBe(v.ToArray()[(result.Choices[i] * Dim)..((result.Choices[i] + 1) * Dim)]);
    }

    [Fact]
    public void HardAttention_Causal_NeverChoosesWhatComes_AndNothingGivesZeros()
    {
        (Tensor q, Tensor k, Tensor v) = Inputs(Device.Cpu, queries: 8);
        for (ulong seed = 0; seed < 50; seed++)
        {
            HardAttentionResult result = Ops.HardAttention(q, k, v, 1, causal: true, seed: seed);
            // Eight queries and five keys: the first three see none.
            for (int i = 0; i < 8; i++) result.Choices[i].ShouldBeInRange(i < 3 ? -1 : 0, Math.Max(-1, i - 3));
            result.Output.ToArray()[..(3 * Dim)].ShouldAllBe(value => value == 0);
            result.LogProbability.ToArray()[..3].ShouldAllBe(value => value == 0);
        }
    }

    [Fact]
    public void StraightThrough_Gradients_AreSoftAttentions()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            double[][] hard = Gradients(x => Ops.HardAttention(x[0], x[1], x[2], 0.7f, causal: true, seed: 9).Output, device);
            double[][] soft = Gradients(x => Ops.Attention(x[0], x[1], x[2], new AttentionOptions(0.7f)), device);
            for (int i = 0; i < 3; i++) Samples.ShouldMatch(hard[i], soft[i], 1e-5, 1e-5);
        }
    }

    /// <summary>With the choices held fixed, what is chosen has a gradient of its own.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void Reinforce_ChosenValuesAndLogProbabilities_MatchDifferences(int chunk)
    {
        Random random = new(3);
        Tensor[] inputs = [.. new[] { new Shape(2, 4, 2, Dim), new Shape(2, Keys, 2, Dim), new Shape(2, Keys, 2, Dim) }.Select(shape => GradientCheck.Random(random, shape))];
        GradientCheck.Run(x => Ops.HardAttention(x[0], x[1], x[2], 0.7f, true, chunk, 9, HardAttentionGradient.Reinforce).Output, 1e-6, inputs);
        GradientCheck.Run(x => Ops.HardAttention(x[0], x[1], x[2], 0.7f, true, chunk, 9, HardAttentionGradient.Reinforce).LogProbability, 1e-6, inputs);
    }

    /// <summary>The gradient of E[Σ output·u + reward(choice)] over many draws, against the one worked out from all choices.</summary>
    [Theory, InlineData(1, false), InlineData(1, true), InlineData(2, true)]
    public void Reinforce_ManyDraws_ApproachTheExactGradient(int chunk, bool baseline)
    {
        const int Draws = 60000;
        (Tensor q, Tensor k, Tensor v) = Inputs(Device.Cpu);
        float[] worth = [2, -1, 0.5f, 3, 1];
        Tensor rewardOf = Tensor.From(worth[..((Keys + chunk - 1) / chunk)]);
        foreach (Tensor input in new[] { q, k }) input.RequiresGradient = true;
        using (GradientTape tape = new())
        {
            Tensor p = Ops.Softmax((q.Transpose(1, 2) * 0.7f).MatMul(k.Permute(0, 2, 3, 1)));
            Tensor perKey = Tensor.From([.. Enumerable.Range(0, Keys).Select(j => worth[j / chunk])]);
            tape.Backward((p * perKey).Sum());
        }
        float[][] exact = [q.Gradient!.ToArray(), k.Gradient!.ToArray()];
        foreach (Tensor input in new[] { q, k }) input.ClearGradient();
        using (GradientTape tape = new())
        {
            HardAttentionResult result = Ops.HardAttention(Repeat(q, Draws), Repeat(k, Draws), Repeat(v, Draws), 0.7f, false, chunk, 1, HardAttentionGradient.Reinforce);
            Tensor rewards = Tensor.From([.. result.Choices.Select(choice => worth[choice])], result.LogProbability.Shape);
            tape.Backward(Ops.Reinforce(result.LogProbability, rewards, baseline ? Tensor.Full(new Shape(1), 1.3) : null) / -Draws);
        }
        float[][] got = [q.Gradient!.ToArray(), k.Gradient!.ToArray()];
        // A draw's gradient has a standard deviation of about 2; 60000 of them give 0.01.
        for (int n = 0; n < 2; n++)
            for (int i = 0; i < exact[n].Length; i++) ((double)got[n][i]).ShouldBe(exact[n][i], 0.04, $"input {n}, element {i}");
        exact[0].ShouldContain(value => Math.Abs(value) > 0.1);
    }

    [Fact]
    public void Reinforce_Rewards_GetNoGradient()
    {
        (Tensor q, Tensor k, Tensor v) = Inputs(Device.Cpu);
        Tensor rewards = Tensor.Full(new Shape(1), 2);
        q.RequiresGradient = rewards.RequiresGradient = true;
        using GradientTape tape = new();
        tape.Backward(Ops.Reinforce(Ops.HardAttention(q, k, v, 1, false, 1, 3).LogProbability, rewards));
        rewards.Gradient.ShouldBeNull();
        q.Gradient.ShouldNotBeNull();
    }

    [Fact]
    public void HardAttention_EmptyBatch_AndNoKeys_GiveEmptyOrZero()
    {
        Tensor none = Tensor.Zeros(new Shape(0, 2, 1, Dim)), noKeys = Tensor.Zeros(new Shape(1, 0, 1, Dim));
        Ops.HardAttention(none, none, none, 1, seed: 1).Output.Shape.ShouldBe(none.Shape);
        HardAttentionResult result = Ops.HardAttention(Tensor.Ones(new Shape(1, 2, 1, Dim)), noKeys, noKeys, 1, seed: 1);
        result.Choices.ShouldBe([-1, -1]);
        result.Output.ToArray().ShouldAllBe(value => value == 0);
    }

    private static double[] Probabilities(Tensor q, Tensor k)
    {
        float[] query = q.ToArray(), keys = k.ToArray();
        double[] weights = [.. Enumerable.Range(0, Keys).Select(j => Math.Exp(0.7 * Enumerable.Range(0, Dim).Sum(i => query[i] * keys[j * Dim + i])))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

    private static (Tensor Q, Tensor K, Tensor V) Inputs(Device device, int queries = 1) =>
        (Samples.Make(1, Layout.Contiguous, [1, queries, 1, Dim], device, -2, 2), Samples.Make(2, Layout.Contiguous, [1, Keys, 1, Dim], device, -2, 2), Samples.Make(4, [1, Keys, 1, Dim], device));

    private static Tensor Repeat(Tensor x, int count) => x.BroadcastTo(new Shape(count, x.Shape[1], x.Shape[2], x.Shape[3]));

    private static double[][] Gradients(Func<Tensor[], Tensor> function, Device device)
    {
        Tensor[] inputs = [Samples.Make(1, [2, 4, 2, Dim], device), Samples.Make(2, [2, 4, 2, Dim], device), Samples.Make(3, [2, 4, 2, Dim], device)];
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor result = function(inputs);
        tape.Backward(result, Samples.Make(9, result.Shape.ToArray(), device));
        return [.. inputs.Select(input => Samples.Read(input.Gradient!))];
    }
}
