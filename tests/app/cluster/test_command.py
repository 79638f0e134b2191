"""`wholedoc cluster`: what it refuses, and the configuration that it prints for `serve deploy`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("ray")
import yaml
from ray.serve import Application
from ray.serve.schema import ServeDeploySchema

from wholedoc.cli.serving.cluster import cluster_options

from ..conftest import Command


def test_the_printed_configuration_is_one_of_serves_and_has_no_key(
    wholedoc: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WHOLEDOC_KEY", "very secret")
    code, out, _ = wholedoc(
        *("cluster", "--print-config", "--host", "0.0.0.0", "--port", "8123", "--replicas", "2"),
        *("--most-replicas", "5", "--warm-tokens", "1000", "--allow-origin", "https://chat.example"),
    )
    assert code == 0
    assert "secret" not in out
    printed = ServeDeploySchema.model_validate(yaml.safe_load(out))
    (one,) = printed.applications
    assert (printed.http_options.host, printed.http_options.port) == ("0.0.0.0", 8123)
    assert one.args["folder"] == str(tmp_path / "library")
    module, _, name = one.import_path.partition(":")
    assert isinstance(getattr(import_module(module), name)(one.args), Application)
    options = cluster_options(one.args)
    assert (options.least, options.most, options.concurrency) == (2, 5, 40)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "lets other machines in"),
        (("--replicas", "3", "--most-replicas", "2"), "is less than"),
        (("--users", "--key", "x"), "a key of their own"),
    ],
)
def test_options_that_cannot_be_are_refused(wholedoc: Command, arguments: tuple[str, ...], said: str) -> None:
    code, out, error = wholedoc("cluster", "--print-config", *arguments)
    assert (code, out) == (2, "")
    assert said in error
