using Heed.Distributed;
using Heed.Nn;

namespace Heed.Training.Ranks;

/// <summary>What moves the parameters, with its moments on every rank or shared out among them.</summary>
internal interface IOptimizer
{
    /// <summary>How many steps have been made.</summary>
    long Step { get; set; }

    /// <summary>The bytes of this rank's moments.</summary>
    long MomentBytes { get; }

    /// <summary>The norm of all gradients together.</summary>
    double GradientNorm();

    /// <summary>Moves every parameter that has a gradient, and forgets the gradients.</summary>
    void Update(double learningRate, double gradientScale = 1);

    /// <summary>Tensors as large as all moments, on rank 0: for <see cref="Scatter"/>.</summary>
    IReadOnlyList<Parameter> Places();

    /// <summary>Collective: all moments, on rank 0.</summary>
    IReadOnlyList<Parameter> Gather(ICommunicator ranks);

    /// <summary>Collective: takes over moments that rank 0 has in <see cref="Places"/>.</summary>
    void Scatter(IReadOnlyList<Parameter> whole, ICommunicator ranks);
}
