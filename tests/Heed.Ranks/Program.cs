using Heed.Distributed;
using Heed.Ranks;

// What tests start under mpirun: the first argument says what every rank does.
string mode = args.Length > 0 ? args[0] : "";
return mode switch
{
    "collectives" => Communicators.Run(ranks => Collectives.Check(ranks)),
    "pieces" => Communicators.Run(ranks => Collectives.Check(ranks), new MpiOptions { PieceBytes = 1000 }),
    "latency" => Communicators.Run(ranks => Latency.Measure(ranks, int.Parse(args[1]))),
    "traffic" => Communicators.Run(ranks => Traffic.Make(ranks, args[1])),
    "waits" => Communicators.Run(Latency.Wait),
    "logits" => Communicators.Run(Models.Logits),
    "training" => Communicators.Run(ranks => Models.Training(ranks, int.Parse(args[1]))),
    "grids" => Communicators.Run(ranks => Collectives.MakeGrids(ranks, int.Parse(args[1]))),
    "differs" => Communicators.Run(Failures.Differ),
    _ => Failures.Run(mode, args),
};
