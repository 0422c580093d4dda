using Heed.Distributed;

namespace Heed.Tests.Distributed;

public sealed class AgreementTests
{
    [Fact]
    public void Check_OfTheSameFacts_Passes() =>
        InProcessCommunicator.Run(3, ranks => Agreement.Check(ranks, ("the model", "A"), ("option --steps", "10")));

    [Fact]
    public void Check_OfOtherFacts_NamesThemOnAllRanks()
    {
        string[] messages = InProcessCommunicator.Run(4, ranks =>
            Should.Throw<CommunicationException>(() => Agreement.Check(ranks, ("the model", ranks.Rank < 2 ? "A" : "Bär"), (ranks.Rank == 3 ? "option --stepz" : "option --steps", "10"))).Message);
        messages.ShouldAllBe(message => message ==
            "The ranks differ: the model is 'A' on ranks 0, 1 and 'Bär' on ranks 2, 3; option --steps is '10' on ranks 0, 1, 2 and 'nothing' on rank 3; "
            + "option --stepz is 'nothing' on ranks 0, 1, 2 and '10' on rank 3.");
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData((1 << 20) - 1, 1)]
    [InlineData((40 << 20) - 1, 1)]
    [InlineData(39 << 20, 1)]
    [InlineData((1 << 20) + (1 << 15), 1)]
    [InlineData((39 << 20) - (1 << 15), 1)]
    [InlineData(13 << 20, 1 << 20)]
    [InlineData(31 << 20, 1 << 20)]
    public void OfFile_OfALongFile_SeesChangesAtItsEndsAndBetween(int at, int count)
    {
        string file = Path.GetTempFileName();
        try
        {
            using (FileStream stream = File.OpenWrite(file)) stream.SetLength(40 << 20);
            string before = Agreement.OfFile(file);
            using (FileStream stream = File.OpenWrite(file))
            {
                stream.Position = at;
                byte[] ones = new byte[count];
                Array.Fill(ones, (byte)1);
                stream.Write(ones);
            }
            Agreement.OfFile(file).ShouldNotBe(before);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void OfFile_OfFilesAndFolders_SeesLengthNameAndContent()
    {
        string folder = Directory.CreateTempSubdirectory("heed-agreement").FullName;
        try
        {
            string file = Path.Combine(folder, "a.bin");
            byte[] bytes = new byte[(1 << 20) + 2];
            HashSet<string> seen = [], folders = [];
            seen.Add(Write(bytes));
            bytes[^3]++;
            seen.Add(Write(bytes));
            seen.Add(Write(bytes[..^1]));
            seen.Count.ShouldBe(3);
            folders.Count.ShouldBe(3);
            File.Move(file, Path.Combine(folder, "b.bin"));
            folders.ShouldNotContain(Agreement.OfFile(folder));
            Agreement.OfFile(file).ShouldBe("absent");

            string Write(byte[] content)
            {
                File.WriteAllBytes(file, content);
                folders.Add(Agreement.OfFile(folder));
                return Agreement.OfFile(file);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
