using Heed.Tokenizers.Templates.Execution;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>What <c>namespace()</c> makes: the one value whose attributes a template may set.</summary>
internal sealed class NamespaceValue : Value
{
    private readonly Dictionary<string, Value> _attributes = new(StringComparer.Ordinal);

    public override string TypeName => "Namespace";

    public void Set(string name, Value value) => _attributes[name] = value;

    public override Value? Attribute(string name, RenderContext context) => _attributes.GetValueOrDefault(name);
}
