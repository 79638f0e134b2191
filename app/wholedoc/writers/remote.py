"""A writer that another program runs: any address that speaks OpenAI's chat protocol, such as Ollama, LM Studio,
llama.cpp's server or vLLM."""

from __future__ import annotations

import ipaddress
import json
import os
import queue
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urldefrag, urlsplit

import httpx

from parallelcomp import Cancelled, Sampling

from ..errors import WriterError
from .writer import Cancel, Message, Written

# The key that is sent to the address, if it wants one.
KEY = "WHOLEDOC_ANSWER_API_KEY"
CONNECT_S = 5.0
# A program that loads a model before it answers may be silent for this long, in seconds.
SILENT_S = 300.0
# How often it is asked whether the work was cancelled, in seconds.
POLL_S = 0.05


def is_address(name: str) -> bool:
    """Return whether a writer's name is the address of a program and not a model."""
    return name.startswith(("http://", "https://"))


@dataclass(frozen=True)
class _Piece:
    text: str
    finish: str | None


class RemoteWriter:
    """A model behind an address such as `http://127.0.0.1:11434/v1#llama3.1`; what follows the `#` is its name.

    Without a name the only model that the program offers is taken. Raises WriterError if the address is none.
    """

    here = False

    def __init__(self, address: str, key: str | None = None, silent_s: float = SILENT_S) -> None:
        url, self._model = urldefrag(address)
        self._host = urlsplit(url).hostname
        if not self._host:
            raise WriterError(f"{address} is no address: write for example http://127.0.0.1:11434/v1#llama3.1")
        self._url = url.rstrip("/")
        self._silent_s = silent_s
        given = key or os.environ.get(KEY)
        self._headers = {"Authorization": f"Bearer {given}"} if given else {}

    @property
    def name(self) -> str:
        """The model's name, and the address where it is not given."""
        return self._model or self._url

    @property
    def sends_to(self) -> str | None:
        """The host, unless it is this machine."""
        if self._host == "localhost":
            return None
        try:
            return None if ipaddress.ip_address(self._host or "").is_loopback else self._host
        except ValueError:
            return self._host

    @cached_property
    def _chosen(self) -> str:
        """The name of the model that is asked for."""
        if self._model:
            return self._model
        with self._client() as client, self._explained():
            response = client.get(f"{self._url}/models")
            _check(response)
            offered = [str(one["id"]) for one in response.json()["data"]]
        if len(offered) != 1:
            names = ", ".join(offered[:10]) or "none"
            raise WriterError(
                f"{self._url} offers several models or none ({names}): name one behind a #, as in {self._url}#NAME"
            )
        return offered[0]

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        """Yield the text as it arrives. A cancelled text closes the connection, which stops the program's work."""
        body = {
            "model": self._chosen,
            "messages": [{"role": one.role, "content": one.content} for one in messages],
            "stream": True,
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            **({"top_p": sampling.top_p} if sampling.temperature > 0 else {}),
        }
        tokens, finish = 0, None
        with closing(self._pieces(body, cancelled)) as pieces:
            for piece in pieces:
                finish = piece.finish or finish
                if piece.text:
                    tokens += 1
                    yield piece.text
        return Written(tokens, finish == "length")

    def _pieces(self, body: dict[str, Any], cancelled: Cancel | None) -> Generator[_Piece, None, None]:
        """Pieces that a thread receives, so that a stop need not wait for the next of them."""
        received: queue.Queue[_Piece | Exception | None] = queue.Queue()
        client = self._client()

        def receive() -> None:
            try:
                with (
                    self._explained(),
                    client.stream("POST", f"{self._url}/chat/completions", json=body) as response,
                ):
                    _check(response)
                    for piece in _events(response):
                        received.put(piece)
                received.put(None)
            except Exception as error:  # it is raised where the text is wanted
                received.put(error)

        threading.Thread(target=receive, daemon=True, name="writer").start()
        try:
            while True:
                if cancelled is not None and cancelled():
                    raise Cancelled("stopped while another program was writing")
                try:
                    piece = received.get(timeout=POLL_S)
                except queue.Empty:
                    continue
                if piece is None:
                    return
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            client.close()

    def _client(self) -> httpx.Client:
        timeout = httpx.Timeout(self._silent_s, connect=CONNECT_S)
        # The environment's proxies are for the world outside; what stays on this machine goes to it directly.
        return httpx.Client(timeout=timeout, headers=self._headers, trust_env=self.sends_to is not None)

    def _explained(self) -> _Explained:
        return _Explained(self._url, self._silent_s)


@dataclass
class _Explained:
    """Turns what goes wrong on the way into a WriterError that says what to do."""

    url: str
    silent_s: float

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            raise WriterError(
                f"no program answers at {self.url}: start it, or choose another --answer-model"
            ) from error
        if isinstance(error, httpx.TimeoutException):
            raise WriterError(
                f"{self.url} was silent for {self.silent_s:.0f} s: look there what holds it"
            ) from error
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise WriterError(f"the connection to {self.url} broke ({error}): ask again") from error
        if isinstance(error, ValueError | KeyError | TypeError):
            raise WriterError(
                f"{self.url} does not speak OpenAI's protocol: its address often ends in /v1"
            ) from error


def _check(response: httpx.Response) -> None:
    """Raise WriterError with the program's own words if it refuses."""
    if response.is_success:
        return
    said = response.read().decode(errors="replace").strip()
    try:
        told = json.loads(said)["error"]
        said = told["message"] if isinstance(told, dict) else str(told)
    except (ValueError, KeyError, TypeError):
        said = said[:300]
    raise WriterError(f"{response.url} refused with {response.status_code}: {said or 'it says no more'}")


def _lines(response: httpx.Response) -> Iterator[str]:
    """The lines of a stream as it comes. Line feeds alone end them: httpx would end one at U+2028 in a text."""
    begun = b""
    for piece in response.iter_bytes():
        *lines, begun = (begun + piece).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
    yield begun.decode(errors="replace")


def _events(response: httpx.Response) -> Iterator[_Piece]:
    """The pieces of a stream of server-sent events. Raises ValueError if it is no such stream."""
    seen = False
    for line in _lines(response):
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        seen = True
        if data == "[DONE]":
            return
        content = json.loads(data)
        if "error" in content:
            raise WriterError(f"{response.url} failed: {content['error']}")
        for choice in content.get("choices", ())[:1]:
            yield _Piece(choice.get("delta", {}).get("content") or "", choice.get("finish_reason"))
    if not seen:
        raise ValueError("no event came")
