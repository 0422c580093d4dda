using System.Text.RegularExpressions;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>Calls of tools.</summary>
public sealed partial class AnswerParser
{
    /// <summary>Between a marker and the JSON after it.</summary>
    private void TakeInHead(char character)
    {
        bool isEmpty = _held.Length == _body;
        if (character == '{' && (isEmpty || IsNamed()))
        {
            BeginBody(character, isMarked: true);
        }
        else if (_format == ToolCallFormat.Mistral && isEmpty && character == '[')
        {
            // Comes out only if no call follows.
            _space.Append(_held).Append(character);
            _held.Clear();
            (_state, _place, _inList) = (State.Text, Place.AfterCall, true);
        }
        else if (char.IsWhiteSpace(character) && isEmpty && _held.Length < LongestSpace)
        {
            _held.Append(character);
            _body++;
        }
        else if (_format == ToolCallFormat.Mistral && _held.Length - _body < LongestHead && FitsName(character, isEmpty))
        {
            _held.Append(character);
        }
        else
        {
            Reject("no JSON object follows the marker of a call.");
            TakeInText(character);
        }
    }

    private static bool FitsName(char character, bool isFirst) => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' || (!isFirst && character is '.' or ':' or '[' or ']');

    private bool IsNamed() => _format == ToolCallFormat.Mistral && MistralHead().IsMatch(_held.ToString(_body, _held.Length - _body));

    private void BeginBody(char character, bool isMarked)
    {
        (_state, _isMarked) = (State.Body, isMarked);
        // A list's objects and a Llama's have nothing before them.
        if (_held.Length == 0) _body = 0;
        _scanner = new CallScanner(isMarked ? null : _reader.Names);
        TakeInBody(character);
    }

    private void TakeInBody(char character)
    {
        _held.Append(character);
        if (!_scanner.Take(character)) Reject(problem: null);
        else if (_scanner.IsComplete) Complete();
        else if (_held.Length > LongestCall) Reject($"the call of a tool is longer than {LongestCall} characters.");
    }

    private void Complete()
    {
        string text = _held.ToString(_body, _held.Length - _body);
        if (Read(text, out string problem) is not { } call)
        {
            Reject(_isMarked || _scanner.NamesTool ? problem : null);
            return;
        }

        _parts.Add(call);
        _held.Clear();
        _space.Clear();
        (_state, _place) = (State.Text, Place.AfterCall);
    }

    private ToolCall? Read(string text, out string problem)
    {
        int brace = text.IndexOf('{', StringComparison.Ordinal);
        if (brace == 0) return _reader.Read(text, _isMarked, out problem);
        Match head = MistralHead().Match(text[..brace]);
        return _reader.Read(head.Groups["name"].Value, text[brace..], head.Groups["id"] is { Success: true } id ? id.Value : null, out problem);
    }

    /// <summary>Lets go what is no call.</summary>
    private void Reject(string? problem)
    {
        if (problem is not null) _parts.Problem(problem);
        _inList = false;
        Say(_held);
        _held.Clear();
        _state = State.Text;
    }

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9_.:-]{1,128})(?:\[CALL_ID\](?<id>[A-Za-z0-9_-]{1,64}))?\[ARGS\]\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex MistralHead();
}
