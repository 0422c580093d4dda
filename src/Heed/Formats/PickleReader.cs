using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Heed.Formats;

/// <summary>
/// Reads the pickle of a PyTorch checkpoint and runs nothing: it knows dicts, lists, tuples, text, numbers, tensors and their storages,
/// and every other name or opcode is an error that says which and where. Stack, memo, marks and text are bounded.
/// </summary>
internal ref struct PickleReader
{
    private const int MaxStack = 1 << 20, MaxMemo = 1 << 20, MaxMarks = 1000, MaxGlobalBytes = 256, MaxOpcodes = 1 << 23;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly MappedFile file;
    private readonly string item;
    private readonly long start;
    private readonly ReadOnlySpan<byte> bytes;
    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<uint, object?> memo = [];
    private int position;
    private int opcodeAt;

    private PickleReader(MappedFile file, string item, long start, ReadOnlySpan<byte> bytes)
    {
        this.file = file;
        this.item = item;
        this.start = start;
        this.bytes = bytes;
    }

    /// <summary>
    /// Reads one pickle from <paramref name="length"/> bytes at <paramref name="offset"/>; <paramref name="item"/> names it in errors.
    /// The result is null, a bool, long, double, string, object?[] (tuple), List of object? (list), <see cref="PickleDictionary"/>,
    /// <see cref="PickleTensor"/> or <see cref="PickleStorage"/>.
    /// </summary>
    public static object? Read(MappedFile file, string item, long offset, int length)
    {
        PickleReader reader = new(file, item, offset, file.Span(offset, length));
        return reader.Run();
    }

    private object? Run()
    {
        for (int count = 0; ; count++)
        {
            opcodeAt = position;
            byte opcode = Take(1)[0];
            if (opcode == (byte)'.') break;
            if (count == MaxOpcodes) ThrowWrong($"there are more than {MaxOpcodes} opcodes");
            Execute(opcode);
            if (stack.Count > MaxStack) ThrowWrong($"the stack holds more than {MaxStack} values");
        }
        object? result = Pop();
        if (stack.Count != 0 || marks.Count != 0) ThrowWrong("values are left over at the end");
        return result;
    }

    private void Execute(byte opcode)
    {
        switch ((char)opcode)
        {
            case '\x80': Protocol(); break;
            case '\x95': Take(8); break;
            case '(': Mark(); break;
            case '0': Pop(); break;
            case '1': PopMark(); break;
            case '2': Push(Peek()); break;
            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case 'K': Push((long)Take(1)[0]); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case '\x8a': Push(Long(Take(1)[0])); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case 'X': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case '\x8c': Push(Text(Take(1)[0])); break;
            case '\x8d': Push(Text(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))); break;
            case ']': Push(new List<object?>()); break;
            case 'a': Append(); break;
            case 'e': Appends(); break;
            case ')': Push(Array.Empty<object?>()); break;
            case 't': Push(PopMark()); break;
            case '\x85': Push(PopMany(1)); break;
            case '\x86': Push(PopMany(2)); break;
            case '\x87': Push(PopMany(3)); break;
            case '}': Push(new PickleDictionary()); break;
            case 's': SetItems(PopMany(2)); break;
            case 'u': SetItems(PopMark()); break;
            case 'h': Push(Recall(Take(1)[0])); break;
            case 'j': Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case 'q': Remember(Take(1)[0]); break;
            case 'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case '\x94': Remember((uint)memo.Count); break;
            case 'c': Push(Global(Line(), Line())); break;
            case '\x93': StackGlobal(); break;
            case 'Q': Push(PersistentStorage(Pop())); break;
            case 'R': Reduce(); break;
            case 'b': Build(); break;
            default: ThrowWrong($"opcode 0x{opcode:x2} is not one that a checkpoint of tensors needs"); break;
        }
    }

    private void Protocol()
    {
        byte version = Take(1)[0];
        if (version > 5) ThrowWrong($"pickle protocol {version} is unknown");
    }

    private void Mark()
    {
        if (marks.Count >= MaxMarks) ThrowWrong($"marks are nested deeper than {MaxMarks}");
        marks.Add(stack.Count);
    }

    private long Long(int count)
    {
        if (count > 8) ThrowWrong($"an integer of {count} bytes is too large");
        ReadOnlySpan<byte> digits = Take(count);
        long value = count > 0 && (sbyte)digits[^1] < 0 ? -1 : 0;
        for (int i = count - 1; i >= 0; i--) value = (value << 8) | digits[i];
        return value;
    }

    private string Text(ulong length)
    {
        ReadOnlySpan<byte> utf8 = Take(length);
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            ThrowWrong("a text is not UTF-8");
            return "";
        }
    }

    private string Line()
    {
        int length = bytes[position..].IndexOf((byte)'\n');
        if (length < 0 || length > MaxGlobalBytes) ThrowWrong("a name has no end");
        string line = Text((ulong)length);
        position++;
        return line;
    }

    private void Append()
    {
        object? value = Pop();
        Target<List<object?>>("a list").Add(value);
    }

    private void Appends()
    {
        object?[] values = PopMark();
        Target<List<object?>>("a list").AddRange(values);
    }

    private void SetItems(object?[] pairs)
    {
        if (pairs.Length % 2 != 0) ThrowWrong("a dict is given a key without a value");
        List<KeyValuePair<object, object?>> items = Target<PickleDictionary>("a dict").Items;
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (pairs[i] is not (string or long or bool)) ThrowWrong("a dict's key is neither text nor a number");
            items.Add(new(pairs[i]!, pairs[i + 1]));
        }
    }

    private object? Recall(uint index)
    {
        if (!memo.TryGetValue(index, out object? value)) ThrowWrong($"the memo has nothing at {index}");
        return value;
    }

    private void Remember(uint index)
    {
        memo[index] = Peek();
        if (memo.Count > MaxMemo) ThrowWrong($"the memo holds more than {MaxMemo} values");
    }

    private void StackGlobal()
    {
        object?[] names = PopMany(2);
        if (names is not [string module, string name])
        {
            ThrowWrong("a name is not text");
            return;
        }
        Push(Global(module, name));
    }

    private PickleGlobal Global(string module, string name)
    {
        PickleGlobal global = new(module, name);
        if (!PickleTensors.IsAllowed(global))
            ThrowWrong($"the pickle asks for '{module}.{name}', which is not needed to build tensors and is never run");
        return global;
    }

    private void Reduce()
    {
        object?[] pair = PopMany(2);
        if (pair is not [PickleGlobal global, object?[] arguments])
        {
            ThrowWrong("a call of something that is no known name");
            return;
        }
        if (PickleTensors.Build(global, arguments, out string? problem) is { } value) Push(value);
        else ThrowWrong(problem ?? $"a call of '{global}'");
    }

    // A state dict's own attributes (_metadata) are set this way; they are of no use here.
    private void Build()
    {
        object? state = Pop();
        if (Peek() is not PickleDictionary || state is not PickleDictionary)
            ThrowWrong("state is set on something other than a dict");
    }

    private PickleStorage PersistentStorage(object? id)
    {
        PickleStorage? storage = PickleTensors.Storage(id, out string? problem);
        if (storage is null) ThrowWrong(problem);
        return storage;
    }

    private T Target<T>(string expected)
        where T : class
    {
        if (Peek() is T target) return target;
        ThrowWrong($"an item is added to something other than {expected}");
        return null;
    }

    private readonly void Push(object? value) => stack.Add(value);

    private readonly object? Peek()
    {
        int floor = marks.Count > 0 ? marks[^1] : 0;
        if (stack.Count <= floor) ThrowWrong("the stack is empty");
        return stack[^1];
    }

    private readonly object? Pop()
    {
        object? value = Peek();
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private readonly object?[] PopMany(int count)
    {
        int floor = marks.Count > 0 ? marks[^1] : 0;
        if (stack.Count - count < floor) ThrowWrong("the stack is empty");
        return PopFrom(stack.Count - count);
    }

    private readonly object?[] PopMark()
    {
        if (marks.Count == 0) ThrowWrong("there is no mark");
        int mark = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        return PopFrom(mark);
    }

    private readonly object?[] PopFrom(int first)
    {
        object?[] values = new object?[stack.Count - first];
        stack.CopyTo(first, values, 0, values.Length);
        stack.RemoveRange(first, values.Length);
        return values;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - position)) ThrowWrong($"truncated: {count} bytes are needed and {bytes.Length - position} are left");
        ReadOnlySpan<byte> taken = bytes.Slice(position, (int)count);
        position += (int)count;
        return taken;
    }

    private ReadOnlySpan<byte> Take(int count) => Take((ulong)count);

    [DoesNotReturn]
    private readonly void ThrowWrong(string? problem) => throw file.Wrong($"pickle opcode at {opcodeAt}: {problem}.", item, start + opcodeAt);
}
