namespace Heed.Tensors;

/// <summary>One of the two passes of a <see cref="MixingMeasurement"/>.</summary>
/// <param name="Time">The fastest.</param>
/// <param name="PredictedMultiplyAdds">Multiply-adds as predicted: of attention, for the pairs that are seen.</param>
/// <param name="MultiplyAdds">The same as the attention kernels counted it, whole tiles where a part is seen; 0 where they take no part.</param>
/// <param name="PredictedMovedBytes">Bytes between a working tile and memory as predicted for the attention kernels; 0 where they take no part.</param>
/// <param name="MovedBytes">The same as they counted it.</param>
/// <param name="Bytes">Bytes of tensors, inputs left out, that there were at most until its end.</param>
public readonly record struct MixingPass(TimeSpan Time, long PredictedMultiplyAdds, long MultiplyAdds, long PredictedMovedBytes, long MovedBytes, long Bytes);
