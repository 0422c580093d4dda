using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training.Ranks;

namespace Heed.Training;

/// <summary>One run of a trainer: step after step, with the memory, the folder's lock and the times that belong to it.</summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly Trainer _trainer;
    private readonly TensorScope _scope = new();
    private readonly RankAgreement _ranks;
    private readonly GradientExchange? _exchange;
    private readonly bool _saves;
    private bool _ended;
    private CommunicatorTraffic _moved;
    private IDisposable? _lock;
    private MetricsLog? _metrics;
    private readonly List<(Tensor Value, bool Required)> _before = [];
    private readonly TimeSpan _elapsedBefore;
    private TimeSpan _busy;
    private TimeSpan _first;
    private long _steps;
    private long _savedStep;
    private TimeSpan _savedAt;

    public TrainingRun(Trainer trainer)
    {
        _trainer = trainer;
        _elapsedBefore = trainer.State.Elapsed;
        _savedStep = trainer.State.Step;
        _ended = trainer.State.Step >= trainer.Options.Steps;
        _ranks = new RankAgreement(trainer.Grid?.World);
        _ranks.Together(Open);
        _saves = _ranks.OfFirst(trainer.OwnFolder is not null);
        try
        {
            if (!_ranks.IsAlone) Agreement.Check(trainer.Grid!.World, trainer.Common());
            if (trainer.Buckets is not null)
                _exchange = new GradientExchange(trainer.Buckets, trainer.Options, trainer.DataRanks, trainer.GradientRanks ??= trainer.DataRanks.Split(0, trainer.DataRanks.Rank));
        }
        catch
        {
            _metrics?.Dispose();
            _lock?.Dispose();
            throw;
        }
        foreach (Parameter parameter in trainer.Model.Parameters.Concat(trainer.Parameters)) _before.Add((parameter.Value, parameter.Value.RequiresGradient));
        foreach ((Tensor value, _) in _before) value.RequiresGradient = false;
        foreach (Parameter parameter in trainer.Parameters) parameter.Value.RequiresGradient = true;
    }

    /// <summary>Makes one step and what is due after it. Where that fails or is cancelled, what was reached is saved.</summary>
    public TrainingStep Advance(CancellationToken cancellation)
    {
        try
        {
            TrainingStep step = Make(cancellation);
            _ended = step.Number >= _trainer.Options.Steps;
            return step;
        }
        catch (Exception error) when (error is not TrainingDivergedException && (_ranks.IsAlone || _ranks.HasFailedTogether))
        {
            _ended = error is OperationCanceledException;
            try
            {
                // Metrics that cannot be written are no reason to lose the weights.
                if (_trainer.State.Step > _savedStep) SaveState();
            }
            catch (Exception second) when (second is IOException or RankFailedException && error is not OperationCanceledException)
            {
                // The first error says more.
            }
            throw;
        }
    }

    /// <summary>Leaves the parameters as they were but for their values, and gives back the gradients and the memory.</summary>
    public void Dispose()
    {
        _exchange?.Dispose();
        foreach ((Tensor value, bool required) in _before) value.RequiresGradient = required;
        try
        {
            _metrics?.Dispose();
        }
        finally
        {
            try
            {
                _lock?.Dispose();
            }
            finally
            {
                _scope.Dispose();
                // All ranks free it: after a failure, or where a reader has stopped asking, others may not come.
                if (_ended) Free();
            }
        }
    }

    private void Free()
    {
        _trainer.GradientRanks?.Dispose();
        _trainer.GradientRanks = null;
    }

    private void Open()
    {
        if (_trainer.OwnFolder is not { } folder) return;
        _lock = folder.Lock();
        try
        {
            folder.CheckContinues(_trainer.State.Step);
            _metrics = _trainer.OpenMetrics(folder, _trainer.State.Step);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    private TrainingStep Make(CancellationToken cancellation)
    {
        _ranks.ThrowIfCancelled(cancellation);
        // Within a step no rank may stop alone.
        if (!_ranks.IsAlone) cancellation = CancellationToken.None;
        TimeProvider clock = _trainer.Clock;
        TrainingOptions options = _trainer.Options;
        long begun = clock.GetTimestamp(), number = _trainer.State.Step + 1;
        TimeSpan busy = _busy;
        double rate = _trainer.Rates.At(number - 1);
        PassResult pass = _trainer.Pass.Run(number - 1, _scope, cancellation, _exchange);
        _trainer.StepBytes = _scope.ReservedBytes;
        CommunicatorTraffic sent = _trainer.DataRanks.Traffic;
        double norm = Move(number, pass, rate);
        CountSince(sent);
        TimeSpan computing = clock.GetElapsedTime(begun);
        double speed = computing > TimeSpan.Zero ? pass.Tokens / computing.TotalSeconds : 0;
        TrainingStep step = new()
        {
            Number = number,
            Steps = options.Steps,
            Loss = pass.Loss,
            LearningRate = rate,
            GradientNorm = norm,
            TokensPerSecond = speed,
            // Which half a token goes through differs from batch to batch.
            Mfu = options.PeakFlops is { } peak && _trainer.Model.Encoder is null ? MfuEstimate.Of(_trainer.FlopsPerToken, speed, peak) : null,
            Tokens = _trainer.State.Tokens,
        };
        bool done = false;
        try
        {
            if (IsDue(options.ValidateEvery, number)) step = step with { ValidationLoss = Validate(cancellation) };
            if (IsDue(options.SampleEvery, number)) step = step with { Sample = Sample(number) };
            done = true;
        }
        finally
        {
            // The weights have moved: the step has its line, whatever became of the rest.
            _busy = busy + clock.GetElapsedTime(begun);
            if (_steps++ == 0) _first = _busy;
            step = step with { Elapsed = _elapsedBefore + _busy, TimeLeft = TimeLeft(options.Steps - number) };
            _trainer.State = _trainer.State with { Elapsed = step.Elapsed };
            // A rank that failed alone must not wait for the others, which do not know of it.
            if (done || _ranks.IsAlone || _ranks.HasFailedTogether) _ranks.Together(() => Log(step));
        }
        if (_ranks.OfFirst(IsCheckpointDue(number))) step = step with { Checkpoint = Save() };
        _busy = busy + clock.GetElapsedTime(begun);
        return step;
    }

    /// <summary>Clips the gradients and moves the parameters; nothing moves where a number is none.</summary>
    private double Move(long number, PassResult pass, double rate)
    {
        double norm = double.IsFinite(pass.Loss) ? _trainer.Optimizer.GradientNorm() : double.NaN;
        if (!double.IsFinite(pass.Loss) || !double.IsFinite(norm))
            throw new TrainingDivergedException(number, pass.Loss, norm, _trainer.OwnFolder?.Newest);
        _trainer.Optimizer.Update(rate, AdamW.ClipScale(norm, _trainer.Options.ClipNorm));
        // From here on the weights are those of this step, whatever happens to the rest of it.
        _trainer.State = _trainer.State with { Step = number, Tokens = _trainer.State.Tokens + pass.Tokens };
        return norm;
    }

    /// <summary>Counts what the optimizer has sent beside the gradients.</summary>
    private void CountSince(CommunicatorTraffic before)
    {
        if (_exchange is null) return;
        CommunicatorTraffic now = _trainer.DataRanks.Traffic, gradients = _exchange.Traffic;
        _moved = new(_moved.Bytes + now.Bytes - before.Bytes, _moved.Messages + now.Messages - before.Messages, _moved.Operations + now.Operations - before.Operations);
        _trainer.Traffic = new(gradients.Bytes + _moved.Bytes, gradients.Messages + _moved.Messages, gradients.Operations + _moved.Operations);
    }

    private string? Sample(long number)
    {
        string? sample = null;
        // Those that share rank 0's model make it together, and one that fails alone must not wait for what the others will say after it: it ends the job.
        if (_trainer.Grid is { Tensor.Size: > 1 }) Write();
        else _ranks.Together(Write);
        return sample;

        void Write()
        {
            try
            {
                if (_trainer.DataRanks.Rank == 0) sample = _trainer.Sample?.Invoke();
            }
            catch (ArithmeticException) when (!TrainingCheckpoint.IsFinite(_trainer.Parameters))
            {
                // The sampler met what the step has done to the weights.
                throw new TrainingDivergedException(number, _trainer.OwnFolder?.Newest);
            }
        }
    }

    private double? Validate(CancellationToken cancellation)
    {
        if (_trainer.Validation is not { } source) return null;
        try
        {
            long batches = Math.Min(_trainer.Options.ValidationBatches, 1 + (source.RowsPerEpoch - 1) / source.BatchSize);
            return Evaluation.Measure(_trainer.Model, source, batches, _trainer.DataRanks, cancellation).Loss;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The step itself is whole; the next one will find that it is not wanted.
            return null;
        }
    }

    private void Log(TrainingStep step)
    {
        if (_metrics is null || _trainer.OwnFolder is not { } folder) return;
        try
        {
            _metrics.Write(step);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Step {step.Number}: its metrics could not be written to '{folder.MetricsPath}': {error.Message} Of the checkpoints {folder.Whole()}.", error);
        }
    }

    private string? Save()
    {
        _ranks.Together(() => _metrics?.Flush());
        return SaveState();
    }

    private string? SaveState()
    {
        if (!_saves) return null;
        string path = _trainer.Store(_ranks);
        _savedStep = _trainer.State.Step;
        _savedAt = _busy;
        return path;
    }

    private bool IsDue(long every, long number) => every > 0 && (number % every == 0 || number == _trainer.Options.Steps);

    private bool IsCheckpointDue(long number)
    {
        if (!_saves) return false;
        if (number == _trainer.Options.Steps || (_trainer.Options.CheckpointEvery > 0 && number % _trainer.Options.CheckpointEvery == 0)) return true;
        return _trainer.Options.CheckpointEverySeconds is { } seconds && (_busy - _savedAt).TotalSeconds >= seconds;
    }

    /// <summary>The first step compiles code and fills memory, so it says little about those to come.</summary>
    private TimeSpan TimeLeft(long steps) => _steps > 1 ? (_busy - _first) / (_steps - 1) * steps : _first * steps;
}
