namespace Heed.Distributed;

/// <summary>What a rank has sent to others.</summary>
/// <param name="Bytes">The payload; see docs/distributed.md for what each operation counts.</param>
/// <param name="Messages">The messages that carried it.</param>
/// <param name="Operations">The calls.</param>
public readonly record struct CommunicatorTraffic(long Bytes, long Messages, long Operations);
