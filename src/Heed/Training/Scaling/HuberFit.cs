namespace Heed.Training.Scaling;

/// <summary>
/// Finds the numbers of a <see cref="ScalingLaw"/> by Levenberg and Marquardt's method, weights renewed at every step, which makes
/// squares into Huber losses. Unknowns are (a, ln α, b, ln β, e) for the prediction ln L = ln(exp(a − αx) + exp(b − βy) + exp e),
/// x and y the logarithms of size and tokens about their means: so no term turns negative, and none leans on another.
/// </summary>
internal sealed class HuberFit
{
    private const int Unknowns = 5, MostSteps = 400;
    private const double FirstDamping = 1e-3, LeastDamping = 1e-12, MostDamping = 1e12, Settled = 1e-10, Polished = 1e-14;
    private static readonly double[] s_exponents = [0.1, 0.3, 0.6, 1.2];
    private static readonly double[] s_floors = [0.2, 0.6, 0.95];
    private static readonly double[] s_shares = [0.25, 0.75];
    private readonly double[] _x;
    private readonly double[] _y;
    private readonly double _meanX;
    private readonly double _meanY;
    private readonly double _delta;

    public HuberFit(double[] parameters, double[] tokens, double delta)
    {
        (_meanX, _meanY) = (parameters.Average(Math.Log), tokens.Average(Math.Log));
        _x = [.. parameters.Select(value => Math.Log(value) - _meanX)];
        _y = [.. tokens.Select(value => Math.Log(value) - _meanY)];
        _delta = delta;
    }

    /// <summary>The law of some unknowns.</summary>
    public ScalingLaw Law(double[] u)
    {
        double alpha = Math.Exp(u[1]), beta = Math.Exp(u[3]);
        return new ScalingLaw(Math.Exp(u[4]), Math.Exp(u[0] + alpha * _meanX), alpha, Math.Exp(u[2] + beta * _meanY), beta);
    }

    /// <summary>The log loss of every point.</summary>
    public double[] Predict(double[] u)
    {
        double[] predicted = new double[_x.Length];
        for (int i = 0; i < predicted.Length; i++) predicted[i] = Predict(u, i, out _, out _, out _);
        return predicted;
    }

    /// <summary>The best of what is reached from many beginnings.</summary>
    public double[] Solve(double[] measured) => Descend(measured, Best(measured, Beginnings(measured)), Polished).Unknowns;

    /// <summary>The best of what is reached from a fit of similar numbers and some beginnings.</summary>
    public double[] Solve(double[] measured, double[] near) => Best(measured, Beginnings(measured).Where((_, i) => i % 48 == 5).Prepend(near));

    private double[] Best(double[] measured, IEnumerable<double[]> beginnings)
    {
        double[] best = [];
        double least = double.PositiveInfinity;
        foreach (double[] beginning in beginnings)
        {
            (double[] found, double objective) = Descend(measured, beginning, Settled);
            if (objective < least) (best, least) = (found, objective);
        }
        return best;
    }

    /// <summary>A grid of exponents, floors and shares that all pass through the middle of the points.</summary>
    private static IEnumerable<double[]> Beginnings(double[] measured)
    {
        double lowest = Math.Exp(measured.Min()), middle = Math.Exp(measured.Average());
        foreach (double alpha in s_exponents)
            foreach (double beta in s_exponents)
                foreach (double floor in s_floors)
                    foreach (double share in s_shares)
                    {
                        double rest = Math.Max(middle - floor * lowest, 1e-6 * middle);
                        yield return [Math.Log(share * rest), Math.Log(alpha), Math.Log((1 - share) * rest), Math.Log(beta), Math.Log(floor * lowest)];
                    }
    }

    private (double[] Unknowns, double Objective) Descend(double[] measured, double[] from, double settling)
    {
        double[] u = [.. from], gradient = new double[Unknowns], step = new double[Unknowns], trial = new double[Unknowns];
        double[,] curvature = new double[Unknowns, Unknowns], damped = new double[Unknowns, Unknowns];
        double objective = Objective(measured, u), damping = FirstDamping;
        for (int k = 0, settled = 0; k < MostSteps && settled < 3; k++)
        {
            Accumulate(measured, u, gradient, curvature);
            while (damping < MostDamping)
            {
                for (int i = 0; i < Unknowns; i++)
                    for (int j = 0; j < Unknowns; j++) damped[i, j] = curvature[i, j] + (i == j ? damping * (curvature[i, i] + 1e-12) : 0);
                double next = double.PositiveInfinity;
                if (Cholesky.Solve(damped, gradient, step))
                {
                    for (int i = 0; i < Unknowns; i++) trial[i] = u[i] - Math.Clamp(step[i], -2, 2);
                    next = Objective(measured, trial);
                }
                if (next <= objective)
                {
                    settled = objective - next <= settling * objective ? settled + 1 : 0;
                    objective = next;
                    trial.CopyTo(u, 0);
                    damping = Math.Max(damping / 5, LeastDamping);
                    break;
                }
                damping *= 4;
            }
            if (damping >= MostDamping) break;
        }
        return (u, objective);
    }

    private double Objective(double[] measured, double[] u)
    {
        double sum = 0;
        for (int i = 0; i < _x.Length; i++)
        {
            double off = Math.Abs(Predict(u, i, out _, out _, out _) - measured[i]);
            sum += off <= _delta ? off * off / 2 : _delta * (off - _delta / 2);
        }
        return double.IsNaN(sum) ? double.PositiveInfinity : sum;
    }

    /// <summary>The objective's gradient, and the curvature of the weighted squares.</summary>
    private void Accumulate(double[] measured, double[] u, double[] gradient, double[,] curvature)
    {
        Array.Clear(gradient);
        Array.Clear(curvature);
        double alpha = Math.Exp(u[1]), beta = Math.Exp(u[3]);
        Span<double> slope = stackalloc double[Unknowns];
        for (int i = 0; i < _x.Length; i++)
        {
            double off = Predict(u, i, out double ofSize, out double ofTokens, out double ofFloor) - measured[i];
            double weight = Math.Min(1, _delta / Math.Max(Math.Abs(off), double.Epsilon));
            (slope[0], slope[1], slope[2], slope[3], slope[4]) = (ofSize, -alpha * _x[i] * ofSize, ofTokens, -beta * _y[i] * ofTokens, ofFloor);
            for (int j = 0; j < Unknowns; j++)
            {
                gradient[j] += weight * off * slope[j];
                for (int k = 0; k < Unknowns; k++) curvature[j, k] += weight * slope[j] * slope[k];
            }
        }
    }

    /// <summary>ln L at a point, and the part of L that each term has.</summary>
    private double Predict(double[] u, int i, out double ofSize, out double ofTokens, out double ofFloor)
    {
        double size = u[0] - Math.Exp(u[1]) * _x[i], tokens = u[2] - Math.Exp(u[3]) * _y[i], floor = u[4];
        double greatest = Math.Max(size, Math.Max(tokens, floor));
        (ofSize, ofTokens, ofFloor) = (Math.Exp(size - greatest), Math.Exp(tokens - greatest), Math.Exp(floor - greatest));
        double sum = ofSize + ofTokens + ofFloor;
        (ofSize, ofTokens, ofFloor) = (ofSize / sum, ofTokens / sum, ofFloor / sum);
        return greatest + Math.Log(sum);
    }
}
