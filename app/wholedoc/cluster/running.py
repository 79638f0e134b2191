"""A cluster of this one machine: Ray and Serve are started for it and stopped after it."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray import serve
from ray._raylet import Config  # type: ignore[attr-defined]
from ray.serve import Application
from ray.serve.config import HTTPOptions, ProxyLocation
from ray.serve.schema import LoggingConfig

from ..errors import ModelError
from ..runtime.malloc import few_arenas
from ..runtime.openmp import waiting_asleep
from ..server.serving import Address, listen

NAME = "wholedoc"
# Requests and events travel through it, and what does not fit is written to the disk.
OBJECT_STORE_BYTES = 200_000_000
JSON_LOGS = LoggingConfig(encoding="JSON", enable_access_log=False)


def prepare_ray() -> None:
    """Set the environment of Ray's processes, which inherit it.

    Ray reports nothing to its makers, and refuses whoever has not this process's token: its ports are open to the
    network, and whoever may speak to them can run code here. Memory and threads are those of `wholedoc serve`.
    """
    os.environ.update(waiting_asleep(os.environ) | few_arenas(os.environ))
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    Config.initialize("")  # Ray has read its environment when it was imported


@contextmanager
def running(
    application: Application, address: Address, *, gpus: int = 0, logs: Path | None = None
) -> Iterator[None]:
    """Run an application at an address until the end of the block, whose beginning all replicas have reached.

    `gpus` are those that replicas may take, and `logs` is the folder for what Ray writes. Raises PortError if the
    address is taken, and ModelError if no replica can be started.
    """
    listen(address).close()  # says now, and in one sentence, that the port is taken
    prepare_ray()
    ray.init(
        address="local",
        include_dashboard=False,
        num_cpus=0,  # with more, Ray starts a process for each of them that nobody needs
        num_gpus=gpus,
        object_store_memory=OBJECT_STORE_BYTES,
        logging_level=logging.ERROR,
        log_to_driver=False,
        _temp_dir=None if logs is None else str(logs),
    )
    try:
        serve.start(
            proxy_location=ProxyLocation.HeadOnly,
            http_options=HTTPOptions(host=address.host, port=address.port),
            logging_config=JSON_LOGS,
        )
        try:
            serve.run(application, name=NAME, route_prefix="/", logging_config=JSON_LOGS)
        except RuntimeError as error:
            raise ModelError(
                "no replica could be started: `wholedoc ask` with the same options says why, or Ray's logs, which "
                f"are in {logs or '/tmp/ray'} below session_latest/logs/serve"
            ) from error
        yield
        serve.shutdown()
    finally:
        ray.shutdown()
