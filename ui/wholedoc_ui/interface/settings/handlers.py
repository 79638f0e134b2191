"""The settings: how documents are read, and by which models, in all tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from wholedoc import Settings
from wholedoc.models.catalogue import Role

from ... import views
from ...app_state import sentence
from ...choices import MAY_BE_WITHOUT_EFFECT, ReadingChoices, without_effect, writer_of_text
from ...session import Session
from ..handlers import MODEL, QUICK, Handlers, Updates, acted
from .parts import effect


class SettingsHandlers(Handlers):
    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        placed = self.places.waited_for
        parts = self.parts.settings
        outputs = [parts.told, *self.status_outputs, *self.shelf_outputs]
        parts.apply.click(placed(self.apply), list(parts.reading), outputs, **MODEL)
        parts.introduces.input(self.introduce, [parts.introduces], None, **QUICK)
        folders = parts.folders
        folders.watch.click(self.watch, [folders.named], [folders.told], **MODEL)
        models = self.parts.models
        chosen = [models.told, *self.status_outputs, *self.shelf_outputs]
        models.listed.use_to_read(placed(self._user(Role.READER)), None, chosen, **MODEL)
        models.listed.use_to_write(placed(self._user(Role.WRITER)), None, chosen, **MODEL)

        deciding = [parts.answer("attention"), parts.answer("composition")]
        for one in deciding:
            one.change(self.show_effect, deciding, self._may_be_without_effect, **QUICK)

    @property
    def _may_be_without_effect(self) -> list[Any]:
        return [self.parts.settings.answer(name) for name in MAY_BE_WITHOUT_EFFECT]

    def show_effect(self, attention: str, composition: str) -> list[Any]:
        """Disable the choices that the others leave without effect, and say why."""
        reasons = without_effect(attention, composition)
        return [gr.update(**effect(name, reasons)) for name in MAY_BE_WITHOUT_EFFECT]

    def watch(self, named: str) -> str:
        """Watch the folders that are named, for all tabs, and say what happened last in each."""
        try:
            self.app_state.folders.choose([line.strip() for line in named.splitlines() if line.strip()])
        except Exception as error:
            return views.told(f"Nothing was changed. {sentence(error)}")
        return views.told(" ".join(f"{said}." for said in self.app_state.folders.said) or "No folder is watched.")

    def introduce(self, after_reading: bool) -> None:
        """Have documents introduced after reading or not, for all tabs."""
        self.app_state.introduces_after_reading = after_reading

    def apply(self, request: gr.Request, *reading: Any) -> Iterator[Updates]:
        """Apply the chosen reading settings, for all tabs."""
        yield from self._choose(self.session(request), ReadingChoices(*reading).applied, self.parts.settings.told)

    def _user(self, role: Role) -> Callable[..., Iterator[Updates]]:
        """Return the handler that gives a model of the catalogue this role, for all tabs."""

        def use(event: gr.EventData, request: gr.Request) -> Iterator[Updates]:
            name = acted(event)["id"]

            def chosen(settings: Settings) -> Settings:
                if role is Role.READER:
                    return replace(settings, model=name)
                return replace(settings, answer_model=writer_of_text(name))

            yield from self._choose(self.session(request), chosen, self.parts.models.told)

        return use

    def _choose(self, session: Session, chosen: Callable[[Settings], Settings], told: gr.HTML) -> Iterator[Updates]:
        yield {told: views.told("Loading…")}
        try:
            self.app_state.choose(chosen(self.app_state.library.settings))
        except Exception as error:
            yield {told: views.told(f"Nothing was changed. {sentence(error)}")}
            return
        coming = self.app_state.running
        done = f"{coming.name} is being fetched first: see the top of the page." if coming else "Done."
        status = self.status(self.app_state.state)
        yield {told: views.told(done), **status, **self.names(session), **self.shelf(session)}
