using System.Runtime.InteropServices;

namespace Heed.Benchmarks;

/// <summary>The OpenBLAS that the system may have; the library is only measured against, never used.</summary>
internal static unsafe partial class OpenBlas
{
    public static bool Available { get; } = NativeLibrary.TryLoad("libopenblas.so.0", out _);

    public static string Core => Marshal.PtrToStringUTF8(CoreName()) ?? "?";

    public static void Threads(int count) => SetThreads(count);

    /// <summary>c[s, s] = a * b, row-major.</summary>
    public static void Multiply(int s, float* a, float* b, float* c) => Sgemm(101, 111, 111, s, s, s, 1, a, s, b, s, 0, c, s);

    [LibraryImport("libopenblas.so.0", EntryPoint = "cblas_sgemm")]
    private static partial void Sgemm(int order, int transA, int transB, int m, int n, int k, float alpha, float* a, int lda, float* b, int ldb, float beta, float* c, int ldc);

    [LibraryImport("libopenblas.so.0", EntryPoint = "openblas_set_num_threads")]
    private static partial void SetThreads(int count);

    [LibraryImport("libopenblas.so.0", EntryPoint = "openblas_get_corename")]
    private static partial nint CoreName();
}
