using System.Text;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>
/// Reads what a model says as it comes: tells reasoning from the answer, and the calls of tools from both. Text is held back only as long
/// as it may belong to a marker or a call; what then is none comes out as it was. The parts do not depend on how the text is cut into
/// pieces. Time is linear in the text and memory bounded. Not for several threads at once.
/// </summary>
public sealed partial class AnswerParser
{
    private const int LongestCall = 1 << 20, LongestSpace = 1024, LongestHead = 300;
    private const string UnclosedList = "the list of calls is not closed.";
    internal const string ToolCallStart = "<tool_call>", ToolCallEnd = "</tool_call>", PythonTag = "<|python_tag|>", MistralCalls = "[TOOL_CALLS]";

    private readonly ToolCallFormat _format;
    private readonly bool _hasReasoning;
    private readonly CallReader _reader;
    private readonly PartCollector _parts = new();
    // White space that goes where something other than text follows, and what may be a marker or a call.
    private readonly StringBuilder _space = new(), _held = new();
    private State _state = State.Text;
    private Place _place = Place.Start;
    private CallScanner _scanner = new(names: null);
    private bool _inList, _isMarked, _skipsSpace;
    private int _body;

    /// <summary>A parser for one answer.</summary>
    /// <param name="format">How the model writes calls.</param>
    /// <param name="hasReasoning">Whether the answer may begin with &lt;think&gt;.</param>
    /// <param name="tools">The tools that there are; empty where no calls are looked for.</param>
    /// <param name="knownIds">Ids of earlier calls, which no new one gets.</param>
    public AnswerParser(ToolCallFormat format, bool hasReasoning, IReadOnlyList<ToolDefinition> tools, IEnumerable<string>? knownIds = null)
    {
        ArgumentNullException.ThrowIfNull(tools);
        _format = tools.Count > 0 ? format : ToolCallFormat.None;
        _hasReasoning = hasReasoning;
        _reader = new CallReader(tools.Select(tool => tool.Name).ToHashSet(StringComparer.Ordinal), knownIds ?? []);
    }

    private enum State
    {
        Text,
        Marker,
        Reasoning,
        ReasoningMarker,
        Head,
        Body,
    }

    private enum Place
    {
        Start,
        AfterReasoning,
        AfterCall,
        Inside,
    }

    /// <summary>Whether text is held back that may belong to a marker or a call.</summary>
    public bool IsHolding => _held.Length > 0;

    /// <summary>Takes the next piece of text and gives the parts that it completes.</summary>
    public IReadOnlyList<AnswerPart> Push(string piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        foreach (char character in piece) Take(character);
        return _parts.Take();
    }

    /// <summary>Ends the answer: what is still held back comes out as text.</summary>
    public IReadOnlyList<AnswerPart> Finish()
    {
        if (_inList && _state == State.Text) _parts.Problem(UnclosedList);
        if (_state is State.Head or State.Body && (_isMarked || _scanner.NamesTool)) Reject("the answer ends within the call of a tool.");
        else if (_state == State.ReasoningMarker) Think(_held);
        else if (_held.Length > 0 || _place == Place.Start) Say(_held);
        _space.Clear();
        _held.Clear();
        return _parts.Take();
    }

    private void Take(char character)
    {
        switch (_state)
        {
            case State.Text: TakeInText(character); break;
            case State.Marker: TakeInMarker(character); break;
            case State.Reasoning: TakeInReasoning(character); break;
            case State.ReasoningMarker: TakeInReasoningMarker(character); break;
            case State.Head: TakeInHead(character); break;
            default: TakeInBody(character); break;
        }
    }

    private void TakeInText(char character)
    {
        if (_place != Place.Inside && IsBetween(character))
        {
            if (_place != Place.AfterReasoning) _space.Append(character);
            return;
        }

        if (character == '{' && (_inList || (_format == ToolCallFormat.Llama3Json && _place != Place.Inside))) BeginBody(character, isMarked: _inList);
        else if (_inList && character == ']')
        {
            _inList = false;
            _space.Clear();
        }
        else if (character is '<' or '[' && Markers().Any(marker => marker[0] == character))
        {
            _held.Append(character);
            _state = State.Marker;
        }
        else
        {
            Say(character);
        }
    }

    /// <summary>What may stand before an answer and between calls.</summary>
    private bool IsBetween(char character)
    {
        if (_space.Length >= LongestSpace) return false;
        if (char.IsWhiteSpace(character)) return true;
        return _place == Place.AfterCall && ((character == ';' && _format == ToolCallFormat.Llama3Json) || (character == ',' && _inList));
    }

    private void TakeInMarker(char character)
    {
        _held.Append(character);
        string held = _held.ToString();
        bool isBeginning = false;
        foreach (string marker in Markers())
        {
            if (!marker.StartsWith(held, StringComparison.Ordinal)) continue;
            if (marker.Length == held.Length)
            {
                Begin(marker);
                return;
            }

            isBeginning = true;
        }

        if (isBeginning) return;
        _held.Length--;
        _state = State.Text;
        Say(_held);
        _held.Clear();
        TakeInText(character);
    }

    private IEnumerable<string> Markers()
    {
        if (_hasReasoning && _place == Place.Start) yield return ChatFormat.ReasoningStart;
        if (_format == ToolCallFormat.Hermes) yield return ToolCallStart;
        if (_format == ToolCallFormat.Hermes && _place == Place.AfterCall) yield return ToolCallEnd;
        if (_format == ToolCallFormat.Mistral) yield return MistralCalls;
        if (_format == ToolCallFormat.Llama3Json) yield return PythonTag;
    }

    private void Begin(string marker)
    {
        _inList = false;
        if (marker is ToolCallEnd or ChatFormat.ReasoningStart)
        {
            _held.Clear();
            _space.Clear();
            (_state, _skipsSpace) = marker == ToolCallEnd ? (State.Text, false) : (State.Reasoning, true);
            return;
        }

        _state = State.Head;
        _isMarked = true;
        _body = _held.Length;
    }

    private void TakeInReasoning(char character)
    {
        if (_skipsSpace && char.IsWhiteSpace(character)) return;
        _skipsSpace = false;
        if (character != '<')
        {
            _parts.Add(AnswerPartKind.Reasoning, character);
            return;
        }

        _held.Append(character);
        _state = State.ReasoningMarker;
    }

    private void TakeInReasoningMarker(char character)
    {
        _held.Append(character);
        string held = _held.ToString();
        if (!ChatFormat.ReasoningEnd.StartsWith(held, StringComparison.Ordinal))
        {
            _held.Length--;
            Think(_held);
            _held.Clear();
            _state = State.Reasoning;
            TakeInReasoning(character);
        }
        else if (held.Length == ChatFormat.ReasoningEnd.Length)
        {
            _held.Clear();
            (_state, _place) = (State.Text, Place.AfterReasoning);
        }
    }

    private void Think(StringBuilder text)
    {
        for (int i = 0; i < text.Length; i++) _parts.Add(AnswerPartKind.Reasoning, text[i]);
    }

    private void Say(StringBuilder text)
    {
        BeginSaying();
        for (int i = 0; i < text.Length; i++) _parts.Add(AnswerPartKind.Text, text[i]);
    }

    private void Say(char character)
    {
        BeginSaying();
        _parts.Add(AnswerPartKind.Text, character);
    }

    private void BeginSaying()
    {
        if (_inList) _parts.Problem(UnclosedList);
        _inList = false;
        _place = Place.Inside;
        for (int i = 0; i < _space.Length; i++) _parts.Add(AnswerPartKind.Text, _space[i]);
        _space.Clear();
    }
}
