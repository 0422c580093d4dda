using Heed.Training;

namespace Heed.Cli.Learning;

/// <summary>Where a training is watched.</summary>
internal interface ITrainingDisplay : IDisposable
{
    /// <summary>Shows a step.</summary>
    void Show(TrainingStep step);
}
