"""`wholedoc cluster`: the server for many, with replicas of the engine on Ray Serve."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...runtime.malloc import few_arenas
from ...runtime.openmp import waiting_asleep
from ..options import ANSWER, LIBRARY, MODEL, settings_from, shared
from ..printing.terminal import say
from .server_options import ACCESS, ADDRESS, KEY_VARIABLE, LIMITS, LOGIN, server_options

if TYPE_CHECKING:
    from ray.serve import Application

    from ...cluster.options import ClusterOptions

# What `serve deploy` imports on the cluster; it calls this with the options that `--print-config` prints.
IMPORT_PATH = f"{__name__}:application"
REPLICAS = (
    click.option(
        "--replicas", "least", default=1, show_default=True, type=click.IntRange(1), help="Replicas of the engine."
    ),
    click.option(
        "--most-replicas",
        "most",
        type=click.IntRange(1),
        help="Start up to so many while many requests are at work [default: as many as --replicas].",
    ),
    click.option(
        "--replica-gpus",
        "gpus",
        type=click.FloatRange(0),
        help="GPUs that each replica takes; half a one lets two share it [default: 1 if this machine has one].",
    ),
    click.option(
        "--replica-threads",
        "threads",
        type=click.IntRange(1),
        help="Threads in which a model computes on the CPU [default: the cores, divided among the replicas].",
    ),
    click.option(
        "--warm-tokens",
        "held_tokens",
        type=click.IntRange(1),
        help="Tokens of documents that a replica holds in memory; the least recently used go first "
        "[default: 4,000,000].",
    ),
    click.option(
        "--drain",
        "drain_s",
        default=600.0,
        show_default=True,
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="How long a replica that is told to go may finish its answers.",
    ),
)


@click.command()
@shared(*REPLICAS, *ADDRESS, *ACCESS, *LIMITS)
@click.option(
    "--print-config", is_flag=True, help="Print the configuration for `serve deploy` instead of starting anything."
)
@click.option("--no-ui", is_flag=True, help="Only the API, without the browser app.")
@shared(*ANSWER, *MODEL, LIBRARY)
def cluster(print_config: bool, **given: Any) -> None:
    """Serve the library to many: replicas of the engine on Ray Serve, behind OpenAI's API.

    Needs `pip install "wholedoc[cluster]"`. On one machine this starts everything. On several, start Ray on each,
    and give `serve deploy` what --print-config prints; WHOLEDOC_HOME must be a folder that all of them see.
    """
    started = time.perf_counter()
    if find_spec("ray") is None:
        raise click.UsageError('the extra cluster is not installed: pip install "wholedoc[cluster]"')
    from ...server.serving import Address
    from ...storage.home import home

    given["folder"] = str(home().absolute())
    made = application(given)  # says what is wrong with the options before anything is printed or started
    if print_config:
        click.echo(_config(given), nl=False)
        return
    from ...cluster.running import running

    address = Address(given["host"], given["port"])
    with running(made, address, gpus=_gpus()):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # in place of Ray's own, which says much
        seconds = time.perf_counter() - started
        say(f"the API is at {address.url}/v1 ({seconds:.0f} s, {given['least']} replicas); Ctrl-C stops it")
        if cluster_options(given).page is not None and find_spec("gradio") is not None:
            say(f"the browser app is at {address.url}{LOGIN if given.get('key') else ''}")
        signal.pause()


def application(given: Mapping[str, Any]) -> Application:
    """Returns the Ray Serve application for the command's options, whose names are those of its parameters.

    Where no key is given, the environment has it: it does not stand in the printed configuration.
    """
    from dataclasses import replace

    from ...cluster.application import application as bound
    from ...server.serving import Address

    given = {**given, "key": given.get("key") or os.environ.get(KEY_VARIABLE)}
    options = server_options(given, Address(given["host"], given["port"]))
    settings = settings_from(dict(given))
    if given.get("held_tokens") is not None:
        settings = replace(settings, held_tokens=given["held_tokens"])
    return bound(settings, cluster_options(given), options)


def cluster_options(given: Mapping[str, Any]) -> ClusterOptions:
    """Returns how many replicas there are and what each takes. Raises click.UsageError for impossible bounds."""
    from ...cluster.options import ClusterOptions
    from ...server.serving import Address

    least, most = given["least"], given.get("most") or given["least"]
    if most < least:
        raise click.UsageError(f"--most-replicas {most} is less than --replicas {least}")
    gpus = given["gpus"] if given.get("gpus") is not None else float(_gpus() > 0 and given.get("device") != "cpu")
    threads = given.get("threads") or max((os.cpu_count() or 1) // most, 1)
    # The browser app knows one user, who sees everything.
    has_page = not (given.get("no_ui") or given["has_users"] or given.get("user_header"))
    page = Address(given["host"], given["port"]) if has_page else None
    return ClusterOptions(Path(given["folder"]), least, most, gpus, threads, given["drain_s"], page)


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()


def _config(given: Mapping[str, Any]) -> str:
    """Returns the configuration for `serve deploy`, as YAML and without the key."""
    import yaml

    said = {name: one for name, one in given.items() if one is not None and name != "key"}
    options = {name: list(one) if isinstance(one, tuple) else one for name, one in said.items()}
    configuration = {
        "proxy_location": "EveryNode",
        "http_options": {"host": given["host"], "port": given["port"]},
        "applications": [
            {
                "name": "wholedoc",
                "route_prefix": "/",
                "import_path": IMPORT_PATH,
                "runtime_env": {"env_vars": {**waiting_asleep({}), **few_arenas({})}},
                "args": options,
            },
        ],
    }
    return yaml.safe_dump(configuration, sort_keys=False)
