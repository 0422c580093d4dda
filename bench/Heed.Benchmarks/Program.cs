using Heed.Benchmarks;

return DispatchBenchmark.Run(args);
