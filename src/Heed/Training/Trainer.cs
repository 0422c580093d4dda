using System.Globalization;
using System.Runtime.CompilerServices;
using Heed.Distributed;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training.Data;
using Heed.Training.Ranks;

namespace Heed.Training;

/// <summary>
/// Trains a model: gradients, clipping, AdamW, schedule, validation, samples, checkpoints. A step is made while its reader
/// waits for it, on another thread; between two steps the model rests and may be read, evaluated or exported. The same seeds
/// give the same bits, on any number of threads, in one run or in several.
/// </summary>
/// <example><code>
/// Trainer trainer = new(model, batches, new TrainingOptions { Steps = 2000 });
/// await foreach (TrainingStep step in trainer.RunAsync()) Console.WriteLine($"{step.Number} {step.Loss:F4}");
/// </code></example>
public sealed class Trainer
{
    private readonly SortedDictionary<string, string> _settings;
    private readonly int _seqLen;
    private int _running;

    /// <summary>Prepares a run; nothing is computed yet.</summary>
    /// <param name="model">The model; its parameters are moved in place.</param>
    /// <param name="training">What to learn from; step s takes the batches s·k to s·k + k − 1 for k = <see cref="TrainingOptions.GradientAccumulation"/>.</param>
    /// <param name="options">How.</param>
    /// <param name="validation">What to measure the model on, or null.</param>
    /// <param name="parameters">What to move; all of the model's parameters if null.</param>
    /// <param name="grid">
    /// The ranks that train together, each with its share of every batch's rows; null for one alone. All make the same calls on the same data with the same options: <see cref="RunAsync"/>,
    /// <see cref="Resume"/> and <see cref="Save"/> are collective. Must outlive the trainer.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of range, a source does not fit the model, the ranks do not divide <see cref="TrainingOptions.DeterministicParts"/>, or there is nothing to train.</exception>
    /// <exception cref="NotSupportedException">Batches are to be cut, and a norm learns from whole ones.</exception>
    public Trainer(Transformer model, IBatchSource training, TrainingOptions options, IBatchSource? validation = null, IReadOnlyList<Parameter>? parameters = null, ProcessGrid? grid = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        Check(model.Config, training, options);
        if (validation is not null) CheckFits(model.Config, validation, nameof(validation));
        Model = model;
        Options = options;
        Parameters = parameters ?? model.Parameters;
        Validation = validation;
        Grid = grid;
        DataRanks = grid?.Data ?? new SingleCommunicator();
        CheckRanks();
        if (DataRanks.Size > 1 || options.DeterministicParts > 0) Buckets = new GradientBuckets(Parameters, options.BucketBytes, DataRanks.Size);
        Optimizer = options.ShardOptimizer && DataRanks.Size > 1 ? new ShardedAdamW(Buckets!, options, DataRanks) : new AdamW(Parameters, options);
        Pass = new GradientPass(model, training, Parameters, options);
        Rates = options.LearningRates();
        _seqLen = training.SeqLen;
        _settings = options.Settings();
        ConditionText.Add(_settings, "Model", model.Config);
        _settings["Parameters"] = ConditionText.Of(Parameters);
        _settings["Rows"] = training.Recipe;
        _settings["Batches"] = string.Create(CultureInfo.InvariantCulture, $"{training.BatchSize} rows of {training.SeqLen} tokens, {training.RowsPerEpoch} rows an epoch");
        if (training.SourceLen > 0) _settings["Sources"] = string.Create(CultureInfo.InvariantCulture, $"at most {training.SourceLen} tokens");
        State = new TrainingState { Settings = _settings };
    }

    /// <summary>What is trained.</summary>
    public Transformer Model { get; }

    /// <summary>How.</summary>
    public TrainingOptions Options { get; }

    /// <summary>What is moved.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>The ranks that train together, or null.</summary>
    public ProcessGrid? Grid { get; }

    /// <summary>The number of steps made so far, earlier runs included.</summary>
    public long Step => State.Step;

    /// <summary>The bytes of native memory that the last step took for activations and temporaries: weights, gradients and moments left out.</summary>
    public long StepBytes { get; internal set; }

    /// <summary>What this rank has sent for the gradients of this run's steps, and with <see cref="TrainingOptions.ShardOptimizer"/> for the parameters that others have moved; 0 for one rank alone.</summary>
    public CommunicatorTraffic Traffic { get; internal set; }

    /// <summary>Where checkpoints, metrics and the report go; null for nowhere. Of several ranks, only rank 0's is used.</summary>
    public TrainingFolder? Folder { get; init; }

    /// <summary>Tells the data from others, so that a run is not resumed on other data; null to go by their size alone.</summary>
    public string? DataFingerprint
    {
        get => _settings.GetValueOrDefault("Data");
        init
        {
            if (value is not null) _settings["Data"] = value;
        }
    }

    /// <summary>What else decides the result, such as the shape of adapters: a run is resumed under the same.</summary>
    public IReadOnlyDictionary<string, string> Conditions
    {
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            foreach ((string name, string text) in value) _settings[name] = text;
        }
    }

    /// <summary>The configuration of the whole model where ranks share it, so that a checkpoint says nothing of ranks; null where <see cref="Model"/> is whole.</summary>
    public ModelConfig? WholeModel
    {
        get;
        init
        {
            field = value;
            if (value is not null) ConditionText.Add(_settings, "Model", value);
        }
    }

    /// <summary>Writes a sample of text; called between steps, see <see cref="TrainingOptions.SampleEvery"/>: of several ranks on those that share rank 0's model.</summary>
    public Func<string>? Sample { get; init; }

    /// <summary>The clock for speeds and times.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    internal Func<TrainingFolder, long, MetricsLog> OpenMetrics { get; init; } = (folder, step) => MetricsLog.Open(folder.MetricsPath, step);

    internal IBatchSource? Validation { get; }

    internal GradientPass Pass { get; }

    internal IOptimizer Optimizer { get; }

    internal GradientBuckets? Buckets { get; }

    internal ICommunicator DataRanks { get; }

    /// <summary>A second communicator of <see cref="DataRanks"/>, for gradients beside the backward pass. A run that comes to its end frees it; one that is broken off leaves it to the next.</summary>
    internal ICommunicator? GradientRanks { get; set; }

    /// <summary>Where this rank writes; null for nowhere.</summary>
    internal TrainingFolder? OwnFolder => Grid is { World.Rank: > 0 } ? null : Folder;

    internal LearningRateSchedule Rates { get; }

    internal double FlopsPerToken => MfuEstimate.FlopsPerToken(WholeModel ?? Model.Config, _seqLen, Parameters);

    internal TrainingState State { get; set; }

    /// <summary>
    /// Goes on where the newest whole checkpoint of <see cref="Folder"/> ends: parameters and moments are read from it. What
    /// follows is, to the last bit, what would have followed.
    /// </summary>
    /// <param name="acceptChanges">Whether options, data and model may be others than the checkpoint's; the tensors must be the same.</param>
    /// <returns>False if the folder has no checkpoint yet.</returns>
    /// <exception cref="ResumeException">The checkpoint was made under other options, of another model, or on other data; the message names them.</exception>
    /// <exception cref="InvalidOperationException">There is no folder, or the trainer is running.</exception>
    /// <exception cref="FileFormatException">No checkpoint is whole, or the newest whole one has other tensors than the model; nothing is changed.</exception>
    public bool Resume(bool acceptChanges = false)
    {
        RankAgreement ranks = new(Grid?.World);
        Enter("Resume");
        try
        {
            StateExchange exchange = NewExchange();
            IReadOnlyList<Parameter> places = [];
            TrainingState? state = null;
            ranks.Together(() =>
            {
                if (!ranks.IsFirst) return;
                TrainingFolder folder = Folder ?? throw new InvalidOperationException("Resume: the trainer has no folder to resume from; set Folder.");
                using IDisposable own = folder.Lock();
                places = exchange.Places();
                state = folder.Load(places, found => CheckSettings(found, acceptChanges));
            });
            if (!ranks.OfFirst(state is not null)) return false;
            exchange.ScatterFrom0(places);
            TakeState(state);
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Writes a checkpoint of the last step made, between steps or after them.</summary>
    /// <returns>The checkpoint's file.</returns>
    /// <exception cref="InvalidOperationException">There is no folder.</exception>
    /// <exception cref="IOException">It could not be written; those before it are whole.</exception>
    public string Save()
    {
        RankAgreement ranks = new(Grid?.World);
        ranks.Together(() =>
        {
            if (ranks.IsFirst && Folder is null) throw new InvalidOperationException("Save: the trainer has no folder to write to; set Folder.");
        });
        return Store(ranks);
    }

    /// <summary>
    /// Makes the steps that are left, one by one as they are asked for. Whoever stops asking stops the training; cancelling
    /// also writes a checkpoint of the last step made.
    /// </summary>
    /// <param name="cancellation">Looked at before each block of the forward pass; a backward pass that has begun runs to its end. Of several ranks: before each step, and one that is cancelled ends all.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradients are no longer numbers.</exception>
    /// <exception cref="RankFailedException">Another rank failed.</exception>
    /// <exception cref="CommunicationException">Ranks have other settings, another step or other weights than others; thrown on all, with the values of each.</exception>
    /// <exception cref="InvalidOperationException">It is running already.</exception>
    /// <exception cref="ResumeException">The folder holds checkpoints that were not resumed.</exception>
    /// <exception cref="IOException">A checkpoint or the metrics could not be written; those before it are whole.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async IAsyncEnumerable<TrainingStep> RunAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Enter("RunAsync");
        TrainingRun? run = null;
        try
        {
            run = await Start(() => new TrainingRun(this)).ConfigureAwait(false);
            while (State.Step < Options.Steps)
                yield return await Start(() => run.Advance(cancellation)).ConfigureAwait(false);
        }
        finally
        {
            try
            {
                run?.Dispose();
            }
            finally
            {
                Leave();
            }
        }
    }

    /// <summary>All that a checkpoint keeps.</summary>
    internal IReadOnlyList<Parameter> Tensors() => NewExchange().Places();

    /// <summary>Collective: brings everything together and writes it to rank 0's folder.</summary>
    internal string Store(RankAgreement ranks)
    {
        IReadOnlyList<Parameter> tensors = NewExchange().GatherTo0();
        string path = "";
        ranks.Together(() =>
        {
            if (ranks.IsFirst) path = Folder!.Save(this, tensors);
        });
        return ranks.OfFirst(path);
    }

    /// <summary>Collective among the ranks that share a model: what all ranks must have in common.</summary>
    internal IReadOnlyList<(string Name, string Value)> Common()
    {
        // Ranks that share a model have different weights; together they know those of all shards.
        double alike = 0, own = 0;
        foreach (Parameter parameter in Parameters)
        {
            double square = parameter.Value.Backend.SquaredNorm(parameter.Value);
            if (parameter.Shard is null) alike += square;
            else own += square;
        }
        ICommunicator model = Grid?.Tensor ?? new SingleCommunicator();
        double[] shards = new double[model.Size];
        model.AllGather<double>([own], shards);
        string squares = string.Join(", ", shards.Prepend(alike).Select(square => square.ToString("R", CultureInfo.InvariantCulture)));
        return [.. _settings.Select(setting => (setting.Key, setting.Value)), ("the step", State.Step.ToString(CultureInfo.InvariantCulture)), ("the weights' sum of squares, shared ones first", squares)];
    }

    /// <summary>Refuses what a trainer would, before anything is made for it.</summary>
    /// <param name="config">What is to be trained.</param>
    /// <param name="training">The sizes of what to learn from; no batch is made.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The configuration makes no model, an option is out of range, or the source does not fit the model.</exception>
    public static void Check(ModelConfig config, IBatchSource training, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        config.Validate();
        CheckFits(config, training, nameof(training));
        options.Validate();
    }

    private static void CheckFits(ModelConfig config, IBatchSource source, string name)
    {
        if (source.VocabSize > config.VocabSize)
            throw new ArgumentException($"Trainer: the batches have ids below {source.VocabSize}; expected at most {config.VocabSize}, the model's vocabulary.", name);
        if (source.SeqLen > config.MaxSeqLen)
            throw new ArgumentException($"Trainer: the batches have rows of {source.SeqLen} tokens; expected at most {config.MaxSeqLen}, the model's MaxSeqLen.", name);
        if (source.SourceLen > 0 != config.Encoder is not null)
            throw new ArgumentException($"Trainer: the batches have {(source.SourceLen > 0 ? "sources" : "no sources")} and the model {(config.Encoder is null ? "no encoder" : "an encoder")}; expected both or neither.", name);
        if (source.SourceLen > config.Encoder?.MaxSeqLen)
            throw new ArgumentException($"Trainer: the batches have sources of {source.SourceLen} tokens; expected at most {config.Encoder.MaxSeqLen}, the encoder's MaxSeqLen.", name);
    }

    private void CheckSettings(TrainingState found, bool acceptChanges)
    {
        if (acceptChanges) return;
        string[] changed = [.. _settings.Keys.Union(found.Settings.Keys, StringComparer.Ordinal)
            .Select(key => (Key: key, Was: found.Settings.GetValueOrDefault(key), Is: _settings.GetValueOrDefault(key)))
            .Where(setting => setting.Was != setting.Is)
            .Select(setting => $"{setting.Key} was {setting.Was ?? "absent"}, is {setting.Is ?? "absent"}")];
        if (changed.Length > 0)
            throw new ResumeException($"Resume: the checkpoint of step {found.Step} was made under other settings: {string.Join("; ", changed)}. Use the same, accept the changes, or train in another folder.");
    }

    private StateExchange NewExchange() => new(Parameters, Model.Buffers, Optimizer, DataRanks, Grid?.Tensor ?? new SingleCommunicator());

    /// <summary>Collective: goes on from rank 0's state.</summary>
    private void TakeState(TrainingState? found)
    {
        Span<long> numbers = [found?.Step ?? 0, found?.Tokens ?? 0, found?.Elapsed.Ticks ?? 0];
        Grid?.World.Broadcast(numbers);
        State = new TrainingState { Step = numbers[0], Tokens = numbers[1], Elapsed = new TimeSpan(numbers[2]), Settings = _settings };
        Optimizer.Step = State.Step;
    }

    private void CheckRanks()
    {
        int parts = Options.DeterministicParts;
        if (parts > 0 && parts % DataRanks.Size != 0)
            throw new ArgumentException($"Trainer: DeterministicParts is {parts}; expected a multiple of the {DataRanks.Size} ranks that share a batch.", nameof(Options));
        if ((parts > 0 || DataRanks.Size > 1) && Model.Device.DType != DType.Float32)
            throw new NotSupportedException($"Trainer: the model computes in {Model.Device.DType}; expected {DType.Float32} where gradients are added up among ranks or by DeterministicParts.");
        if ((parts > 1 || DataRanks.Size > 1) && Model.Buffers.Count > 0)
            throw new NotSupportedException("Trainer: the model has BatchNorm, which learns from whole batches; expected another norm where batches are cut into parts, among ranks or by DeterministicParts.");
    }

    // Ranks wait for one another: each needs a thread, which the pool may not have.
    private Task<T> Start<T>(Func<T> work) => Grid is { World.Size: > 1 }
        ? Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
        : Task.Run(work, CancellationToken.None);

    private void Enter(string operation)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0) throw new InvalidOperationException($"{operation}: the trainer is running; one run at a time.");
    }

    private void Leave() => Volatile.Write(ref _running, 0);
}
