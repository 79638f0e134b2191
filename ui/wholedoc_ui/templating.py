"""Renders the templates in `templates/`. Whatever comes from a document, a file name or a model is escaped here.

Jinja escapes every value that a template shows. Gradio treats the HTML of its components as a JavaScript template,
so what begins a placeholder there is escaped too.
"""

from __future__ import annotations

import base64
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from wholedoc.documents.document import place

from . import figures


def esc(text: object) -> str:
    """Return text that is safe in an element, in a quoted attribute and in a JavaScript template."""
    return _without_placeholders(str(escape(str(text))))


def render(name: str, **values: object) -> str:
    """Return the HTML of the template `templates/<name>.html`; empty if the template shows nothing.

    Raises UndefinedError where the template uses a value that is not given.
    """
    return _without_placeholders(_environment().get_template(f"{name}.html").render(values)).strip()


def _without_placeholders(html: str) -> str:
    """Return HTML that says the same, without the characters that begin a placeholder in a JavaScript template."""
    return html.replace("{", "&#123;").replace("$", "&#36;").replace("`", "&#96;")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "base64": lambda content: base64.b64encode(content).decode(),
        "counted": figures.counted,
        "duration": figures.duration,
        "number": figures.number,
        "percent": figures.percent,
        "place": place,
        "size": figures.size,
    }
    return environment
