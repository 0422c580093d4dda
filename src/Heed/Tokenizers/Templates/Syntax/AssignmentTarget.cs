using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>What is assigned to: a name, a namespace's attribute, or several of them.</summary>
internal sealed class AssignmentTarget
{
    private readonly string _name;
    private readonly string? _attribute;
    private readonly IReadOnlyList<AssignmentTarget>? _parts;

    public AssignmentTarget(string name, string? attribute = null) => (_name, _attribute) = (name, attribute);

    public AssignmentTarget(IReadOnlyList<AssignmentTarget> parts) => (_name, _parts) = (string.Empty, parts);

    public void Assign(Value value, Scope scope, RenderContext context)
    {
        if (_parts is not null) Unpack(value, scope, context);
        else if (_attribute is null) scope.Set(_name, value);
        else if (scope.Find(_name) is NamespaceValue values) values.Set(_attribute, value);
        else throw context.Error($"set {_name}.{_attribute}: '{_name}' is no namespace; only a namespace's attributes can be set.");
    }

    private void Unpack(Value value, Scope scope, RenderContext context)
    {
        IReadOnlyList<Value> values = Entries.Iterate(value, context, "unpacking");
        if (values.Count != _parts!.Count) throw context.Error($"unpacking: got {values.Count} values for {_parts.Count} names.");
        for (int i = 0; i < values.Count; i++) _parts[i].Assign(values[i], scope, context);
    }
}
