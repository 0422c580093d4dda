namespace Heed.Tokenizers;

/// <summary>Reads SentencePiece's tokenizer.model: a Protocol Buffers message (Kudo and Richardson 2018, arXiv 1808.06226).</summary>
internal static class SentencePieceFile
{
    private const int Unigram = 1;
    private const int Bpe = 2;

    public static SentencePieceModel Read(string path, ReadOnlySpan<byte> data)
    {
        List<string> pieces = [];
        List<float> scores = [];
        List<TokenKind> kinds = [];
        Trainer trainer = new();
        SentencePieceModel spec = new(path, [], [], []) { RemoveExtraWhitespaces = true };
        ProtobufReader reader = new(path, data, 0);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 1: ReadPiece(path, reader.Message(), pieces, scores, kinds); break;
                case 2: ReadTrainer(reader.Message(), trainer); break;
                case 3: spec = ReadNormalizer(reader.Message(), spec); break;
                case 5: RefuseDenormalizer(path, reader.Message()); break;
                default: reader.Skip(); break;
            }
        }

        if (pieces.Count == 0) throw new FileFormatException(path, "a SentencePiece model without pieces");
        if (trainer.Type is not (Unigram or Bpe))
            throw new FileFormatException(path, $"SentencePiece model type {trainer.Type} is not supported, only BPE (2) and unigram (1)");
        if (trainer.WhitespaceAsSuffix) throw new FileFormatException(path, "treat_whitespace_as_suffix is not supported");
        int? Control(string name)
        {
            int id = pieces.IndexOf(name);
            return id >= 0 && kinds[id] is TokenKind.Control or TokenKind.Unknown or TokenKind.UserDefined ? id : null;
        }

        int unknown = kinds.IndexOf(TokenKind.Unknown);
        if (unknown < 0) throw new FileFormatException(path, "no piece is of the unknown type");
        int? bos = Control(trainer.BosPiece), eos = Control(trainer.EosPiece);
        return spec with
        {
            Pieces = pieces.ToArray(),
            Scores = scores.ToArray(),
            Kinds = kinds.ToArray(),
            IsUnigram = trainer.Type == Unigram,
            ByteFallback = trainer.ByteFallback,
            UnknownSurface = trainer.UnknownSurface,
            UnknownId = unknown,
            BosId = bos,
            EosId = eos,
            PadId = Control(trainer.PadPiece),
            AddBos = bos is not null,
        };
    }

    private static void ReadPiece(string path, ProtobufReader reader, List<string> pieces, List<float> scores, List<TokenKind> kinds)
    {
        string piece = string.Empty;
        float score = 0;
        int kind = (int)TokenKind.Normal;
        long offset = reader.Offset;
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 1: piece = reader.Text(); break;
                case 2: score = reader.Float(); break;
                case 3: kind = reader.Int32(); break;
                default: reader.Skip(); break;
            }
        }

        if (piece.Length == 0) throw new FileFormatException(path, $"piece {pieces.Count} is empty", offset: offset);
        if (kind is < (int)TokenKind.Normal or > (int)TokenKind.Byte)
            throw new FileFormatException(path, $"piece {pieces.Count} has type {kind}; need 1 to 6", offset: offset);
        pieces.Add(piece);
        scores.Add(score);
        kinds.Add((TokenKind)kind);
    }

    private static void ReadTrainer(ProtobufReader reader, Trainer trainer)
    {
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 3: trainer.Type = reader.Int32(); break;
                case 24: trainer.WhitespaceAsSuffix = reader.Bool(); break;
                case 35: trainer.ByteFallback = reader.Bool(); break;
                case 44: trainer.UnknownSurface = reader.Text(); break;
                case 46: trainer.BosPiece = reader.Text(); break;
                case 47: trainer.EosPiece = reader.Text(); break;
                case 48: trainer.PadPiece = reader.Text(); break;
                default: reader.Skip(); break;
            }
        }
    }

    private static SentencePieceModel ReadNormalizer(ProtobufReader reader, SentencePieceModel spec)
    {
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 2: spec = spec with { CharsMap = reader.Bytes().ToArray() }; break;
                case 3: spec = spec with { AddDummyPrefix = reader.Bool() }; break;
                case 4: spec = spec with { RemoveExtraWhitespaces = reader.Bool() }; break;
                case 5: spec = spec with { EscapeWhitespaces = reader.Bool() }; break;
                default: reader.Skip(); break;
            }
        }

        return spec;
    }

    private static void RefuseDenormalizer(string path, ProtobufReader reader)
    {
        while (reader.Next(out int field))
        {
            if (field != 2) reader.Skip();
            else if (reader.Bytes().Length > 0) throw new FileFormatException(path, "a denormalizer's character map is not supported");
        }
    }

    private sealed class Trainer
    {
        public int Type { get; set; } = Unigram;

        public bool ByteFallback { get; set; }

        public bool WhitespaceAsSuffix { get; set; }

        public string UnknownSurface { get; set; } = " \u2047 ";

        public string BosPiece { get; set; } = "<s>";

        public string EosPiece { get; set; } = "</s>";

        public string PadPiece { get; set; } = "<pad>";
    }
}
