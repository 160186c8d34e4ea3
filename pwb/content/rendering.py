"""Prompts from the text templates in pwb/content/prompts/, which a copywriter can read and edit."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from pwb.content.once import once_each


@once_each
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("pwb.content", "prompts"),
        # The templates are plain text: escaping would put &amp; into a prompt.
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_prompt(name: str, **values: object) -> str:
    """The text of prompts/<name>.txt.jinja; a value that the template lacks is an error."""
    return _environment().get_template(f"{name}.txt.jinja").render(**values).strip()
