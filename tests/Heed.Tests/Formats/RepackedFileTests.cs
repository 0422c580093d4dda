using System.Buffers.Binary;
using Heed.Formats;
using Heed.Kernels;

namespace Heed.Tests.Formats;

public sealed class RepackedFileTests : IDisposable
{
    private static readonly byte[] s_source = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void TryOpen_WhatWasWritten_MapsEachMatrixFromAPage()
    {
        using RepackedFile file = RepackedFile.TryOpen(Write(), s_source, out string? reason)!;
        reason.ShouldBeNull();
        NativeBuffer first = file.Find("first", 1000)!, second = file.Find("second\nthird", 70)!;
        first.AsSpan<byte>(0, 1000).ToArray().ShouldAllBe(value => value == 1);
        second.AsSpan<byte>(0, 70).ToArray().ShouldAllBe(value => value == 2);
        first.IsView.ShouldBeTrue();
        file.Find("first", 999).ShouldBeNull();
        file.Find("other", 1000).ShouldBeNull();
    }

    [Fact]
    public void TryOpen_NoFile_GivesNothingAndNoReason()
    {
        RepackedFile.TryOpen(_temp.File("none"), s_source, out string? reason).ShouldBeNull();
        reason.ShouldBeNull();
    }

    [Fact]
    public void TryOpen_OtherSource_SaysSo()
    {
        byte[] other = [.. s_source];
        other[31]++;
        RepackedFile.TryOpen(Write(), other, out string? reason).ShouldBeNull();
        reason.ShouldBe("the model is another one, or has changed");
    }

    [Fact]
    public void TryOpen_CutOffAnywhere_IsRefused()
    {
        byte[] whole = File.ReadAllBytes(Write());
        int[] lengths = [.. Enumerable.Range(1, RepackedFile.HeadBytes + 79), 4095, 4096, 5095, 8192, whole.Length - 1];
        foreach (int length in lengths)
        {
            RepackedFile.TryOpen(_temp.Write("cut", whole[..length]), s_source, out string? reason).ShouldBeNull($"{length} bytes");
            reason.ShouldNotBeNull($"{length} bytes");
        }
    }

    [Fact]
    public void TryOpen_AnyByteOfTheHeaderChanged_IsRefused()
    {
        byte[] whole = File.ReadAllBytes(Write());
        int directory = BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan(24));
        for (int at = RepackedFile.Magic.Length; at < RepackedFile.HeadBytes + directory; at++)
        {
            byte[] changed = [.. whole];
            changed[at] ^= 0x41;
            RepackedFile.TryOpen(_temp.Write("changed", changed), s_source, out string? reason).ShouldBeNull($"byte {at}");
            reason.ShouldNotBeNull($"byte {at}");
        }
    }

    [Theory]
    [InlineData(8, 2L, 4, "it is of version 2, and this is version 1")]
    [InlineData(12, 0x04030201L, 4, "it was written with another byte order")]
    [InlineData(16, 1L << 62, 8, "it is cut off or damaged")]
    [InlineData(24, 0xFFFFFFFFL, 4, "it is cut off or damaged")]
    [InlineData(24, 0L, 4, "it is cut off or damaged")]
    [InlineData(28, 0xFFFFFFFFL, 4, "it is cut off or damaged")]
    [InlineData(28, 1L, 4, "it is cut off or damaged")]
    [InlineData(96, 0xFFFFFFFFL, 4, "it is cut off or damaged")]
    [InlineData(96, 0x7FFFFFFFL, 4, "it is cut off or damaged")]
    [InlineData(105, -4096L, 8, "it is cut off or damaged")]
    [InlineData(105, 1L << 40, 8, "it is cut off or damaged")]
    [InlineData(105, 4097L, 8, "it is cut off or damaged")]
    [InlineData(105, 0L, 8, "it is cut off or damaged")]
    [InlineData(113, -1L, 8, "it is cut off or damaged")]
    [InlineData(113, 1L << 40, 8, "it is cut off or damaged")]
    public void TryOpen_HostileFieldWithTheRightSum_IsRefused(int at, long value, int size, string expected)
    {
        byte[] bytes = File.ReadAllBytes(Write());
        int directory = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(24));
        byte[] field = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(field, value);
        field.AsSpan(0, size).CopyTo(bytes.AsSpan(at));
        RepackedFile.Sum(bytes.AsSpan(0, RepackedFile.SumOffset), bytes.AsSpan(RepackedFile.HeadBytes, directory)).CopyTo(bytes, RepackedFile.SumOffset);
        RepackedFile.TryOpen(_temp.Write("hostile", bytes), s_source, out string? reason).ShouldBeNull();
        reason.ShouldBe(expected);
    }

    [Fact]
    public void TryOpen_KeyTwice_IsRefused()
    {
        using NativeBuffer memory = new(64);
        RepackedWriter writer = new();
        writer.Add("same", memory);
        writer.Add("same", memory);
        writer.Save(_temp.File("twice"), s_source, null, default);
        RepackedFile.TryOpen(_temp.File("twice"), s_source, out string? reason).ShouldBeNull();
        reason.ShouldBe("it is cut off or damaged");
    }

    [Theory, InlineData("GGUF and more"), InlineData("HEED"), InlineData("HEEDPACX"), InlineData("x")]
    public void TryOpen_FileOfAnotherKind_IsRefusedLoudlyUnlessItBeginsAsOurs(string text)
    {
        string path = _temp.Write("other", System.Text.Encoding.UTF8.GetBytes(text));
        if ("HEEDPACK".StartsWith(text, StringComparison.Ordinal)) RepackedFile.TryOpen(path, s_source, out _).ShouldBeNull();
        else Should.Throw<FileFormatException>(() => RepackedFile.TryOpen(path, s_source, out _)).Message.ShouldContain("no file of repacked weights");
    }

    [Fact]
    public void Save_WhereNoFileCanBe_NamesThePath()
    {
        string path = _temp.File("none/m.repacked");
        Should.Throw<IOException>(() => new RepackedWriter().Save(path, s_source, null, default)).Message.ShouldBe($"{path}: the file of repacked weights cannot be written there.");
    }

    [Fact]
    public void Save_CancelledInTheMiddle_LeavesTheFormerFileAndNothingElse()
    {
        string path = Write();
        byte[] former = File.ReadAllBytes(path);
        using NativeBuffer large = new(20 << 20);
        large.AsSpan<byte>(0, 20 << 20).Fill(9);
        RepackedWriter writer = new();
        writer.Add("large", large);
        using CancellationTokenSource stop = new();
        Should.Throw<OperationCanceledException>(() => writer.Save(path, s_source, new Call(_ => stop.Cancel()), stop.Token));
        Should.Throw<IOException>(() => writer.Save(path, s_source, new Call(_ => throw new IOException("full")), default));
        File.ReadAllBytes(path).ShouldBe(former);
        Directory.GetFiles(_temp.Root).ShouldBe([path]);
    }

    [Fact]
    public void RemoveAbandoned_OldFilesThatNobodyHolds_GoAndNothingElse()
    {
        string path = Write(), name = Guid.NewGuid().ToString("N");
        string abandoned = _temp.Write($"m.repacked.{name}.tmp", [1]);
        string held = _temp.Write($"m.repacked.{Guid.NewGuid():N}.tmp", [1]), young = _temp.Write($"m.repacked.{Guid.NewGuid():N}.tmp", [1]);
        string[] others = [path, _temp.Write($"n.repacked.{name}.tmp", [1]), _temp.Write("m.repacked.notes.tmp", [1]), _temp.Write($"m.repacked.{name}.txt", [1]), _temp.Write($"m.repacked{name}.tmp", [1])];
        DateTime now = DateTime.UtcNow;
        foreach (string old in (string[])[abandoned, held, .. others]) File.SetLastWriteTimeUtc(old, now.AddDays(-1));
        using (new FileStream(held, FileMode.Open, FileAccess.Write, FileShare.None))
        {
            RepackedWriter.RemoveAbandoned(_temp.File("m.repacked"), now);
            Directory.GetFiles(_temp.Root).ShouldBe([held, young, .. others], ignoreOrder: true);
        }
        RepackedWriter.RemoveAbandoned(_temp.File("m.repacked"), now);
        RepackedWriter.RemoveAbandoned(_temp.File("none/m.repacked"), now);
        Directory.GetFiles(_temp.Root).ShouldBe([young, .. others], ignoreOrder: true);
    }

    private string Write()
    {
        using NativeBuffer first = new(1000), second = new(70);
        first.AsSpan<byte>(0, 1000).Fill(1);
        second.AsSpan<byte>(0, 70).Fill(2);
        RepackedWriter writer = new();
        writer.Add("first", first);
        writer.Add("second\nthird", second);
        string path = _temp.File("weights.repacked");
        writer.Save(path, s_source, null, default);
        return path;
    }

    private sealed class Call(Action<double> action) : IProgress<double>
    {
        public void Report(double value) => action(value);
    }
}
