"""OpenAI's chat completion request.

Unknown fields are accepted, because OpenAI's clients send many of them. Fields that would change the answer and
cannot be honoured are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field

from ...everywhere.kinds import Scope
from .errors import unsupported

# The largest integer that a request may name.
LARGEST = 2**63 - 1
# A client that can only name a model asks every part by this name.
EVERYWHERE_MODEL = "wholedoc-everywhere"
# Without a document in its messages, a client asks all that were read before by this name.
SHELF_MODEL = "wholedoc-shelf"
# A lower temperature means greedy decoding, since the best token would get all the probability that floats can
# express.
COLDEST = 1e-4


class TextPart(BaseModel):
    """A piece of a message's text."""

    type: Literal["text"]
    text: str


class RefusalPart(BaseModel):
    """What an assistant said instead of an answer."""

    type: Literal["refusal"]
    refusal: str


class FileReference(BaseModel):
    """Either an uploaded file (`file_id`) or the file itself (`file_data`: base64, bare or as a data URL)."""

    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None


class FilePart(BaseModel):
    """A whole document to answer from."""

    type: Literal["file"]
    file: FileReference


Part = Annotated[TextPart | RefusalPart | FilePart, Discriminator("type")]


def _as_parts(content: Any) -> Any:
    if isinstance(content, str):
        return [TextPart(type="text", text=content)]
    return [] if content is None else content


class ChatMessage(BaseModel):
    """One message. Every file in it is a document, and so is text of 8,000 characters or more."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[list[Part], BeforeValidator(_as_parts, json_schema_input_type=str | list[Part] | None)] = (
        Field(default_factory=list, validate_default=True)
    )


class StreamOptions(BaseModel):
    """With `include_usage` a last chunk without choices carries the token counts."""

    include_usage: bool | None = None


def _as_list(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) else [] if stop is None else stop


StopString = Annotated[str, Field(min_length=1, max_length=1000)]


class ChatRequest(BaseModel):
    """The fields of OpenAI's chat completion request that are honoured here."""

    model_config = ConfigDict(extra="allow")

    messages: list[ChatMessage] = Field(min_length=1)
    model: str = Field(default="", description="The loaded model's name; 'wholedoc' or nothing is the same.")
    temperature: float | None = Field(default=None, ge=0, le=2, description="0 is greedy, and the default.")
    top_p: float | None = Field(default=None, gt=0, le=1)
    repetition_penalty: float | None = Field(default=None, ge=0.01, le=100, description="1 is none.")
    max_completion_tokens: int | None = Field(default=None, ge=1, le=LARGEST)
    max_tokens: int | None = Field(default=None, ge=1, le=LARGEST, description="The same, from older clients.")
    seed: int | None = Field(default=None, ge=-LARGEST - 1, le=LARGEST)
    stop: Annotated[
        list[StopString], BeforeValidator(_as_list, json_schema_input_type=str | list[StopString] | None)
    ] = Field(default_factory=list, max_length=16, description="The answer ends before the first of these.")
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    return_progress: bool | None = Field(
        default=None, description="False leaves out the chunks that say how far reading is."
    )
    everywhere: bool | None = Field(
        default=None,
        description="True asks every part of the documents: lists, counts, checks, compares, summarises. So does "
        "the model 'wholedoc-everywhere'.",
    )
    user: str | None = Field(default=None, max_length=1000, description="Whose request this is: users take turns.")
    safety_identifier: str | None = Field(default=None, max_length=1000, description="The same as `user`.")

    @property
    def scope(self) -> Scope:
        """Whether every part of the documents is asked."""
        by_name = self.model == EVERYWHERE_MODEL and self.everywhere is not False
        return Scope.EVERYWHERE if self.everywhere or by_name else Scope.ONE_PLACE

    @property
    def file_ids(self) -> list[str]:
        """The ids of uploaded files that the messages name, as they were sent."""
        parts = [part for message in self.messages for part in message.content if isinstance(part, FilePart)]
        return [part.file.file_id[:80] for part in parts if part.file.file_id is not None]

    @property
    def asks_shelf(self) -> bool:
        """Whether all documents that were read before are asked, unless the messages bring some."""
        return self.model == SHELF_MODEL

    @property
    def sampling(self) -> dict[str, Any]:
        """The sampling options that the request sets, under the library's names."""
        longest = self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens
        said = {
            "temperature": 0.0 if self.temperature is not None and self.temperature < COLDEST else self.temperature,
            "top_p": self.top_p,
            "repetition_penalty": self.repetition_penalty,
            "max_new_tokens": longest,
            "seed": self.seed,
        }
        return {name: value for name, value in said.items() if value is not None}


# The values of each parameter that do not change the answer. Any other value is refused.
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "web_search_options": (),
    "reasoning_effort": ("none",),
    "verbosity": ("medium",),
    # Parameters of other servers than OpenAI's.
    "top_k": (0, -1),
    "min_p": (0,),
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "grammar": ("",),
    "json_schema": ({},),
    "guided_json": (),
    "guided_regex": (),
    "guided_choice": (),
    "guided_grammar": (),
}
_NEUTRAL_IN_MESSAGE: Mapping[str, tuple[Any, ...]] = {"tool_calls": ([],), "function_call": (), "audio": ()}


def check_supported(request: ChatRequest) -> None:
    """Raises ApiError for a parameter that would change the answer and is not supported."""
    _check(request.model_extra or {}, _NEUTRAL, "")
    if request.stop and request.scope is Scope.EVERYWHERE:
        raise unsupported("stop", "an answer from every part is not written word by word: leave out stop")
    for index, message in enumerate(request.messages):
        _check(message.model_extra or {}, _NEUTRAL_IN_MESSAGE, f"messages[{index}].")


def _check(said: Mapping[str, Any], neutral: Mapping[str, tuple[Any, ...]], where: str) -> None:
    for name, value in said.items():
        if name in neutral and value is not None and value not in neutral[name]:
            raise unsupported(
                f"{where}{name}", f"{where}{name} would change the answer and is not supported here: leave it out"
            )
