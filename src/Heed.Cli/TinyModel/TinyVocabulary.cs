using System.Globalization;
using System.Text;
using Heed.Tokenizers;

namespace Heed.Cli.TinyModel;

/// <summary>The vocabulary of the tiny model: every byte, so that any text can be read, and some words, so that what it writes can be.</summary>
internal static class TinyVocabulary
{
    public const string Begin = "<s>";
    public const string End = "</s>";

    private const string Words = """
        a about after again all and apple asked at away back ball be bear big bird blue boat box boy bread bright but by cake came can cat
        day did dog door down each eat every far fish fly food for found fox friend from fun game garden gave girl go good got had happy
        he hello help her him his home house if in is it jump just kind king knew lake laugh leaf let like little long look lost loved made
        make many moon more mother my new night no not of old on once one open out over park play put queen rain ran red river road run
        sad said sang saw sea see she sing sky sleep small smile snow so some song soon star stone story sun take tall tell that the their
        them then there they thing time to told town toy tree two under up upon very walk want warm was water we went what when where
        white who wind wish with wood word world yes you young
        """;

    /// <summary>The ranks and what else belongs to them, as a tokenizer.</summary>
    public static Tokenizer Create()
    {
        List<byte[]> tokens = Tokens();
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, tokens.Select((token, id) => $"{Convert.ToBase64String(token)} {id.ToString(CultureInfo.InvariantCulture)}"));
            return ByteLevelBpeTokenizer.LoadTiktoken(file, new TiktokenOptions
            {
                Pattern = TiktokenOptions.Gpt2.Pattern,
                SpecialTokens = new Dictionary<string, int> { [Begin] = tokens.Count, [End] = tokens.Count + 1 },
                Bos = Begin,
                Eos = End,
                AddBos = true,
            });
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Whether the model is to write the token: whole words, commas, full stops, and the end.</summary>
    public static bool IsWritten(Tokenizer tokenizer, int id)
    {
        if (id == tokenizer.EosId) return true;
        if (tokenizer.IsSpecial(id)) return false;
        string text = Encoding.Latin1.GetString(tokenizer.TokenBytes(id));
        return text is "," or "." || (text.StartsWith(' ') && WordList().Contains(text[1..]));
    }

    private static HashSet<string> WordList() => [.. Words.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)];

    // A word is merged from its left, so all its beginnings are tokens too; shorter ones merge first.
    private static List<byte[]> Tokens()
    {
        IEnumerable<string> beginnings = WordList().SelectMany(word => Enumerable.Range(1, word.Length).Select(length => " " + word[..length])).Distinct();
        return
        [
            .. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }),
            .. beginnings.OrderBy(text => text.Length).ThenBy(text => text, StringComparer.Ordinal).Select(Encoding.ASCII.GetBytes),
        ];
    }
}
