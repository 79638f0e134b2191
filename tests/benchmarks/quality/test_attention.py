"""The benchmark of hosts, policies and heads uses options that the command line knows, and counts rightly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from benchmarks.quality import attention
from benchmarks.quality.attention import FULL, QUICK, Length, Setting
from benchmarks.quality.cases.case import Case, Metric

from parallelcomp import EvictionPolicy
from parallelcomp.chai import head_clusters
from parallelcomp.config import ClusteredHeads
from wholedoc.cli import cli
from wholedoc.cli.ask import ask
from wholedoc.cli.options import settings_from
from wholedoc.settings import Attention

CASE = Case("needles", ("a", "b", "c"), "What is the code?", ("123",), Metric.CONTAINS, frozenset([1]))


@pytest.mark.parametrize("length", [*FULL, *QUICK])
def test_every_setting_is_understood(length: Length, tmp_path: Path) -> None:
    clusters = tmp_path / "clusters.json"
    head_clusters.save(ClusteredHeads("a model", (2, 3)), clusters)
    policies, seen = set(), set()
    for setting in attention._settings(length, clusters):
        # A command keeps the help option of its first context, which belongs to a group as in the program.
        group = click.Context(cli, **cli.context_settings)
        asked = ask.make_context("ask", ["a document", "-q", "a question", *setting.options], parent=group)
        given = dict(asked.params)
        settings = settings_from(given)
        policies.add(settings.engine.eviction.policy)
        seen.add(settings.attention)
        assert setting.stretched == (settings.apb is not None)
        assert (settings.engine.clustered_heads is not None) == ("clustered" in setting.name)
        if settings.apb is not None:
            assert settings.apb.hosts % (given["rank_count"] or 1) == 0  # every rank plays as many
    assert policies == {EvictionPolicy.QUESTION, *length.policies}
    assert seen == set(Attention)


def test_every_policy_is_compared_where_time_does_not_matter() -> None:
    assert all(set(length.policies) == set(EvictionPolicy) for length in FULL)


def test_a_citation_on_the_evidence_page_is_found() -> None:
    assert attention._rank(CASE, {"citations": [{"page": 1}, {"page": 2}]}) == 2
    assert attention._rank(CASE, {"citations": [{"page": 1}]}) is None
    assert attention._share([True, False, True]) == "2 of 3"


def test_a_window_is_stretched_and_the_weights_are_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "model.safetensors").write_bytes(b"weights")
    config = {"max_position_embeddings": 100, "rope_parameters": {"rope_theta": 7.0, "rope_type": "default"}}
    (own / "config.json").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setattr(attention, "embedded_model", lambda models: own)
    folder = attention._stretched(tmp_path, 400)
    made = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert made["max_position_embeddings"] == 400
    assert made["rope_parameters"]["factor"] == 4
    assert made["rope_parameters"]["rope_theta"] == 7.0
    assert (folder / "model.safetensors").readlink() == own / "model.safetensors"
    assert json.loads((own / "config.json").read_text(encoding="utf-8")) == config


def test_memory_is_that_of_all_processes() -> None:
    hold = "import subprocess, sys, time; held = bytearray(60_000_000); "
    child = hold + "time.sleep(3)"
    parent = hold + f"subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent]) as process, attention._Memory(process.pid) as memory:
        process.wait()
    assert 120e6 < memory.peak < 250e6


def test_a_command_that_fails_is_a_row_that_says_so(tmp_path: Path) -> None:
    row = attention._ask(tmp_path, "no-such-document", [CASE], Setting("any"), tmp_path)
    assert row == {"failed": "exit code 2"}
