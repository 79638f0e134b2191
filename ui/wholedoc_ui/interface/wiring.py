"""What happens when the page is used: binds the components' events to the logic, which knows no components."""

from __future__ import annotations

from ..app_state import AppState
from ..session import Sessions
from .chat import ChatHandlers
from .components import Parts
from .conversations import ConversationHandlers
from .evidence import EvidenceHandlers
from .first_paint import FirstPaint
from .handlers import session_of
from .page import PageHandlers
from .places import Places
from .saving import SavingHandlers
from .settings.handlers import SettingsHandlers
from .shelf import ShelfHandlers


def bind(page: FirstPaint, app_state: AppState, sessions: Sessions, parts: Parts) -> None:
    """Bind all events. Call it inside gr.Blocks."""
    places = Places(lambda request: session_of(sessions, request))
    PageHandlers(app_state, sessions, parts, places).bind(page)
    for handlers in (
        ShelfHandlers,
        ConversationHandlers,
        ChatHandlers,
        SavingHandlers,
        EvidenceHandlers,
        SettingsHandlers,
    ):
        handlers(app_state, sessions, parts, places).bind()
