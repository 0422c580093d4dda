namespace Heed.Training.Scaling;

/// <summary>Student's t distribution for whole degrees of freedom.</summary>
internal static class StudentT
{
    /// <summary>The t beyond which, to both sides, 1 − confidence lies.</summary>
    public static double Bound(double confidence, int freedom)
    {
        double low = 0, high = Math.PI / 2;
        for (int i = 0; i < 80; i++)
        {
            double middle = (low + high) / 2;
            if (Within(middle, freedom) < confidence) low = middle;
            else high = middle;
        }
        return Math.Sqrt(freedom) * Math.Tan((low + high) / 2);
    }

    /// <summary>The probability of |t| below √ν·tan θ: Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.</summary>
    private static double Within(double angle, int freedom)
    {
        double cosine = Math.Cos(angle), sine = Math.Sin(angle);
        bool isOdd = freedom % 2 == 1;
        double term = isOdd ? cosine : 1, sum = freedom == 1 ? 0 : term;
        for (int k = isOdd ? 3 : 2; k <= freedom - 2; k += 2)
        {
            term *= cosine * cosine * (k - 1) / k;
            sum += term;
        }
        return isOdd ? 2 / Math.PI * (angle + sine * sum) : sine * sum;
    }
}
