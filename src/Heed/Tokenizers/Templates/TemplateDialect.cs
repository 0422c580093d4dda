namespace Heed.Tokenizers.Templates;

/// <summary>Whose habits a template is rendered by where the engines that run chat templates differ.</summary>
public enum TemplateDialect
{
    /// <summary>Jinja2 as Hugging Face's transformers sets it up, which is what models are trained with: True, None, ['a'].</summary>
    Python,

    /// <summary>
    /// Hugging Face's JavaScript engine: true, null, ["a"]; numbers join texts, 1 is not true, <c>null</c> is a name for none, what a
    /// filter selects has a length, and a text's methods take their arguments by name.
    /// </summary>
    JavaScript,
}
