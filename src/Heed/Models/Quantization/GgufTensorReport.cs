namespace Heed.Models.Quantization;

/// <summary>A tensor as it was written.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Type">Its type.</param>
/// <param name="Wanted">The type that the recipe had for it; another one where its rows are no whole number of that type's blocks.</param>
/// <param name="Bytes">What it takes.</param>
public sealed record GgufTensorReport(string Name, IReadOnlyList<long> Shape, WeightType Type, WeightType Wanted, long Bytes);
