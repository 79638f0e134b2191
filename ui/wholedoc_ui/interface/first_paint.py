"""A page whose first paint is made when somebody asks for it. Gradio's own is made when the program starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr


class FirstPaint(gr.Blocks):
    """Blocks whose configuration is made anew, for some of its components, whenever somebody asks for the page.

    `shown` returns what these components show at that moment.
    """

    shown: Callable[[], Mapping[gr.components.Component, str]] = staticmethod(dict)
    _at_start: dict[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        values = {component._id: value for component, value in self.shown().items()}
        components = [
            {**one, "props": {**one["props"], "value": values[one["id"]]}} if one["id"] in values else one
            for one in self._at_start["components"]
        ]
        return {**self._at_start, "components": components}

    @config.setter
    def config(self, made: dict[str, Any]) -> None:
        self._at_start = made
