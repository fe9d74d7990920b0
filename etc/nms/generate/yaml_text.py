"""YAML as people write it: blocks, texts over several lines as such, keys in our order, no anchors."""
import yaml


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


class Quoted(str):
    """A text that is always quoted: a label that YAML would take for something else."""


def _text(dumper, text):
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, _text)
Dumper.add_representer(Quoted, lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", str(text), style="'"))


def dump(data, width=118):
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, width=width, allow_unicode=True)


def head(*lines):
    """The first lines of a file, which say where it comes from."""
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)
