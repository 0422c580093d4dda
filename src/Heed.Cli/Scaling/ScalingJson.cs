using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Heed.Training.Scaling;

namespace Heed.Cli.Scaling;

/// <summary>The findings of a ladder as one JSON object.</summary>
internal static class ScalingJson
{
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static string Of(ScalingFindings findings, IReadOnlyDictionary<string, string> settings)
    {
        ScalingFit? fit = findings.Fit;
        object? law = fit is null ? null : new
        {
            E = fit.Estimate(l => l.E),
            A = fit.Estimate(l => l.A),
            Alpha = fit.Estimate(l => l.Alpha),
            B = fit.Estimate(l => l.B),
            Beta = fit.Estimate(l => l.Beta),
            SizeExponent = fit.Estimate(l => l.SizeExponent),
            TokensExponent = fit.Estimate(l => l.TokensExponent),
            fit.ResidualDeviation,
        };
        object? optima = fit is null ? null : findings.Budgets.Select(flops => new
        {
            Flops = flops,
            Parameters = fit.Estimate(l => l.Optimum(flops).Parameters),
            Tokens = fit.Estimate(l => l.Optimum(flops).Tokens),
            Loss = fit.Estimate(l => l.Optimum(flops).Loss),
        });
        return JsonSerializer.Serialize(new
        {
            settings,
            law,
            noLaw = findings.NoFit,
            optima,
            powers = findings.Laws.Select(power => new { power.Name, power.Of, points = power.Points.Count, power.Fit?.Exponent, power.Fit?.Scale, power.Fit?.ResidualDeviation, notFitted = power.NoFit }),
            runs = findings.Runs,
        }, s_options) + "\n";
    }
}
