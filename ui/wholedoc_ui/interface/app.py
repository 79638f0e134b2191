"""The page put together: components, their events, and how it looks."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI

from ..app_state import AppState
from ..session import MOST_FOLLOWED, Sessions
from .components import build
from .first_paint import FirstPaint
from .html import ASSETS
from .wiring import bind

SYSTEM_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
# What goes on at the same time beside the following of tabs: work at the model, work that waits, and quick answers.
OTHER_JOBS = 200
# What Gradio says by itself, in other words.
WORDS = {
    "upload_text.drop_file": "Drop documents here, or click",
    "upload_text.click_to_upload": "PDF, Word, e-mail, text and more",
}
MONO_FONTS = ["ui-monospace", "Consolas", "monospace"]


def mount(app: FastAPI, app_state: AppState, *, auth: tuple[str, str] | None, upload_bytes: int) -> FastAPI:
    """Mount the page at the root of a web application and return that.

    `auth` is a user's name and password; `upload_bytes` is the size of the largest file that can be dropped.
    """
    sessions = Sessions()
    with FirstPaint(title="wholedoc", analytics_enabled=False, fill_width=True) as page:
        bind(page, app_state, sessions, build(app_state))
    # Gradio counts what follows a tab among the jobs at work, of which it allows as many as threads.
    page.max_threads = MOST_FOLLOWED + OTHER_JOBS
    page.queue(default_concurrency_limit=None, max_size=64)
    return gr.mount_gradio_app(
        app,
        page,
        path="/",
        auth=auth,
        auth_message="This library is private.",
        max_file_size=upload_bytes,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        i18n=gr.I18n(en=WORDS),
        show_error=True,
        theme=_theme(),
        css=(ASSETS / "style.css").read_text(encoding="utf-8"),
        head=(ASSETS / "frame.html").read_text(encoding="utf-8"),
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )


def _theme() -> gr.themes.Base:
    """A theme with quiet labels and the system's own fonts, so that the page loads nothing from the network."""
    theme = gr.themes.Soft(font=SYSTEM_FONTS, font_mono=MONO_FONTS, primary_hue="teal", neutral_hue="slate")
    quiet = {}
    for part in ("block_title", "block_label"):
        for mode in ("", "_dark"):
            quiet[f"{part}_background_fill{mode}"] = "transparent"
            quiet[f"{part}_text_color{mode}"] = "*body_text_color"
    return theme.set(**quiet, block_title_padding="0", block_title_text_weight="500")
