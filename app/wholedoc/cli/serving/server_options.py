"""Options of the commands that serve the library over HTTP, and what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ...server.serving import Address
    from ...server.state import Options

KEY_VARIABLE = "WHOLEDOC_KEY"
# What is said of the browser app of a server with a key.
LOGIN = "; its user is wholedoc, its password the key"
ADDRESS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.option(
        "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
    ),
)
ACCESS = (
    click.option(
        "--key",
        envvar=KEY_VARIABLE,
        show_envvar=True,
        help="Key that every client must send (better not on the command line, where other users can see it).",
    ),
    click.option(
        "--users",
        "has_users",
        is_flag=True,
        help="Let in whoever `wholedoc users` gave a key. They see their own documents and shared ones.",
    ),
    click.option(
        "--user-header",
        metavar="HEADER",
        help="Believe a server in front, which alone has --key, whom it names in this header, as X-Forwarded-User.",
    ),
    click.option(
        "--no-key", is_flag=True, help="Let everyone in who can reach a host that is not this machine alone."
    ),
)
LIMITS = (
    click.option(
        "--queue-limit",
        default=64,
        show_default=True,
        type=click.IntRange(0),
        help="Requests that may wait; more get 429.",
    ),
    click.option(
        "--request-limit",
        default=200,
        show_default=True,
        type=click.FloatRange(0, min_open=True),
        metavar="MB",
        help="Largest upload, and so the largest file.",
    ),
    click.option(
        "--json-limit",
        default=16,
        show_default=True,
        type=click.FloatRange(0, min_open=True),
        metavar="MB",
        help="Largest other request, and so the longest text in one; it may take 14 times as much memory.",
    ),
    click.option(
        "--allow-origin",
        "origins",
        multiple=True,
        metavar="ORIGIN",
        help="Let web pages of this origin use the server, as https://chat.example (repeatable; * is all).",
    ),
    click.option(
        "--web-pages",
        is_flag=True,
        help="Fetch a web page when a client asks for one: by one request, from public addresses alone.",
    ),
)


def server_options(given: Mapping[str, Any], address: Address) -> Options:
    """Returns the options of a server at this address. Raises click.UsageError if strangers could reach it."""
    from ...server.state import Options
    from ...webpages import PageLimits

    if given["has_users"] and (given["key"] or given["no_key"]):
        raise click.UsageError("with --users everybody has a key of their own: leave out --key and --no-key")
    if given.get("user_header") and not given["key"]:
        raise click.UsageError(
            "--user-header believes whoever has the key: add --key, and give it to that server alone"
        )
    if not address.is_loopback and not any(given[name] for name in ("key", "has_users", "no_key")):
        raise click.UsageError(
            f"{address.host} lets other machines in, and whoever connects can ask and delete all documents: add "
            "--key KEY or --users, or --no-key if that is what you want"
        )
    return Options(
        key=given["key"] or None,
        has_users=given["has_users"] or bool(given.get("user_header")),
        user_header=given.get("user_header"),
        queue_limit=given["queue_limit"],
        request_bytes=int(given["request_limit"] * 1e6),
        json_bytes=int(given["json_limit"] * 1e6),
        origins=tuple(given["origins"]),
        hosts=address.hosts,
        web_pages=PageLimits() if given["web_pages"] else None,
    )
