using Heed.Benchmarks;

Dictionary<string, (string Summary, Func<string[], int> Run)> verbs = new(StringComparer.Ordinal)
{
    ["peak"] = ("the instruction sets in use, the FMA peak and the read bandwidth: peak [rounds]", PeakBenchmark.Run),
    ["matmul"] = ("square fp32 products beside OpenBLAS: matmul [rounds]", MatMulBenchmark.Run),
    ["matmul-blas"] = ("the OpenBLAS child that matmul starts", MatMulBenchmark.Serve),
    ["matvec"] = ("a matrix-vector product beyond the cache beside the read bandwidth: matvec [rounds [rows columns]]", MatVecBenchmark.Run),
    ["strips"] = ("products of quantized matrices: strips [rounds [types [path]]]", StripBenchmark.Run),
    ["pool"] = ("what it costs to share a job between threads: pool [samples [threads [rivals]]]", PoolBenchmark.Run),
    ["pack"] = ("laying a file's matrices out for multiplying: pack [rounds [types]]", PackBenchmark.Run),
    ["profile"] = ("where the time of a prompt and of a new token goes: profile MODEL [threads [prompt [tokens]]]", ProfileBenchmark.Run),
    ["dispatch"] = ("a decode step's cost outside of kernels, and what it allocates: dispatch [threads [260K|15M|110M]]", DispatchBenchmark.Run),
    ["tokenize"] = ("encoding speed of a tokenizer on a text: tokenize TOKENIZER TEXT [rounds]", TokenizeBench.Run),
    ["decode"] = ("greedy decode of a model file, no streaming: decode MODEL [threads [tokens]]", DecodeBenchmark.Run),
    ["train"] = ("a training step of a Llama-like model, or of a GPT-2-like one: train [gpt2] [threads [vocabulary [steps [dim layers heads inner seq batch]]]]", TrainBenchmark.Run),
    ["attention"] = ("training attention forward and backward: attention [rounds] or attention serve THREADS", AttentionBenchmark.Run),
    ["kv"] = ("attention of a decode step over stored keys and values of each type: kv [rounds [threads]]", CacheBenchmark.Run),
    ["masks"] = ("attention under masks given as tiles and as intervals: masks [rounds [threads]]", MaskBenchmark.Run),
    ["grammar"] = ("token masks of grammars over synthetic vocabularies, in microseconds a token: grammar [rounds]", GrammarBenchmark.Run),
    ["speculation"] = ("text with speculation beside text without: speculation MODEL [threads [rounds [DRAFT]]]", SpeculationBenchmark.Run),
    ["parallel"] = ("training steps of the ranks that mpirun starts, or of one process: parallel [threads [tensor [steps [dim layers heads inner vocabulary seq batch]]]] [--shard-optimizer] [--no-overlap]", ParallelBenchmark.Run),
    ["cluster"] = ("what clusters would make of measured compute: cluster PARAMETERS TOKENS-A-SECOND TOKENS-A-STEP LAYERS HIDDEN DECODE-TOKENS-A-SECOND [VOCABULARY]", ClusterForecast.Run),
    ["beams"] = ("a beam search beside greedy decoding of as many rows: beams MODEL|135m|1.1b [threads [prompt [tokens [rounds [beams]]]]]", BeamBenchmark.Run),
    ["small"] = ("products of a tiny model's size, in nanoseconds", SmallBenchmark.Run),
};
if (args.Length > 0 && verbs.TryGetValue(args[0], out var verb)) return verb.Run(args[1..]);
Console.Error.WriteLine("usage: Heed.Benchmarks <verb> [arguments]");
foreach ((string name, (string summary, _)) in verbs) Console.Error.WriteLine($"  {name,-12} {summary}");
return 2;
