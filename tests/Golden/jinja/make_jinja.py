"""Renders the cases with jinja2, set up as Hugging Face's transformers sets it up, and writes jinja.json. Needs jinja2 (made with 3.1.6)."""
import copy
import datetime
import json

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

import cases
import chats


class Generation(Extension):
    """{% generation %}: for the text it is as if it were not there, but for its scope."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_pass"), [], [], body).set_lineno(line)

    def _pass(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda layout: datetime.datetime(2025, 7, 10, 12, 0).strftime(layout)
    return made


def render(template, variables):
    try:
        # Some of jinja2's filters change lists that they are given.
        return environment().from_string(template).render(**copy.deepcopy(variables))
    except Exception:
        return None


def main():
    entries = [{"template": "{{ %s }}" % expression, "expected": render("{{ %s }}" % expression, cases.VARIABLES)} for expression in cases.EXPRESSIONS]
    entries += [{"template": template, "expected": render(template, cases.VARIABLES)} for template in cases.TEMPLATES.values()]
    rendered = [
        {"name": name, "template": template, "variables": variables, "expected": render(template, variables)}
        for name, template in chats.TEMPLATES.items() for variables in chats.INPUTS
    ]
    with open("jinja.json", "w", encoding="utf-8") as file:
        json.dump({"variables": cases.VARIABLES, "cases": entries, "chats": rendered}, file, ensure_ascii=True, indent=1)
        file.write("\n")
    refused = sum(entry["expected"] is None for entry in entries + rendered)
    print(f"{len(entries)} cases, {len(rendered)} chats, {refused} of them refused")


if __name__ == "__main__":
    main()
