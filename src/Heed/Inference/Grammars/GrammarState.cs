using System.Runtime.InteropServices;

namespace Heed.Inference.Grammars;

/// <summary>How far a text has come in a grammar: a value, which may be kept to go back to.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct GrammarState(GrammarAutomaton Automaton, int Id);
