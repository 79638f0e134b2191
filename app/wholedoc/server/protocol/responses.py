"""Responses in OpenAI's format, with some fields of our own, which clients ignore if they do not know them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from ...answer import Everywhere


class FileCitation(BaseModel):
    """`quote` is an exact piece of page `page` of the file, counted from 1; `page_label` is the page's printed
    number. `score` is relative to the best citation, which has 1. `index` is the position of the file among
    those asked."""

    file_id: str
    filename: str
    index: int
    page: int
    page_label: str
    quote: str
    score: float


class Annotation(BaseModel):
    """A passage that supports the answer."""

    type: Literal["file_citation"] = "file_citation"
    file_citation: FileCitation


class PromptDetails(BaseModel):
    """`cached_tokens` had been read before this request; `kept_tokens` were kept for writing the answer."""

    cached_tokens: int
    kept_tokens: int


class CompletionUsage(BaseModel):
    """Tokens of the prompt (documents and question) and of the answer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails


class CompletionTimings(BaseModel):
    """Tokens and milliseconds, under llama.cpp's names. `queue_ms` passed until work began, `prompt_ms` from
    there until the first token, and `predicted_ms` from there to the end. `first_token_ms` is the part of
    `prompt_ms` after everything was read, and `score_ms` the part of that in which the question scored
    chunks of the documents. `cited_ms` after everything was read the citations were known; it is null without
    citations."""

    cache_n: int
    prompt_n: int
    prompt_ms: float
    predicted_n: int
    predicted_ms: float
    queue_ms: float
    score_ms: float
    cited_ms: float | None
    first_token_ms: float


class SourcedSentence(BaseModel):
    """The sentence at the characters [`start`, `stop`) of the content, and the `annotations` that carry it, by
    their numbers counted from 1. The list is empty if none carries it."""

    start: int
    stop: int
    annotations: list[int]


class AnswerMessage(BaseModel):
    """`found` is false if the documents do not support an answer; the content then says so. `unsupported` lists the
    numbers and names of the content that stand neither in the annotations' quotes nor in the question. `support` is
    how likely the quotes are to state an answer, from 0 to 1; it is null if no writer of this process told.
    `everywhere` has the items or sections of a question to every part, and is null for any other."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]
    found: bool
    support: float | None
    unsupported: list[str]
    sources: list[SourcedSentence]
    everywhere: Everywhere | None = None


FinishReason = Literal["stop", "length"]


class Choice(BaseModel):
    index: int = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: FinishReason


class ChatCompletion(BaseModel):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    timings: CompletionTimings


class Progress(BaseModel):
    """How far the prompt has been processed, in the field that llama.cpp uses. While `phase` is "reading",
    `total`, `cache` and `processed` count tokens of the file `file_id`; while it is "scoring", they count
    chunks of all files, and while it is "asking", parts of all files, of which `processed` may stay below `total`
    if nothing more is found. `left_ms` is about how long that will take at most, null if it is not known."""

    phase: Literal["reading", "scoring", "asking"]
    file_id: str | None
    total: int
    cache: int
    processed: int
    time_ms: int
    left_ms: int | None = None


class Delta(BaseModel):
    role: Literal["assistant"] | None = None
    content: str | None = None
    annotations: list[Annotation] | None = None
    found: bool | None = None
    support: float | None = None
    unsupported: list[str] | None = None
    sources: list[SourcedSentence] | None = None
    everywhere: Everywhere | None = None


class ChunkChoice(BaseModel):
    index: int
    delta: Delta
    finish_reason: FinishReason | None


class ChatCompletionChunk(BaseModel):
    """A piece of a streamed answer. Fields that were not set are left out of the JSON."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: CompletionUsage | None = None
    prompt_progress: Progress | None = None
    timings: CompletionTimings | None = None


class ModelObject(BaseModel):
    """`context_window` is the longest document that fits in memory, in tokens. It is null while the model loads."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "wholedoc"
    context_window: int | None


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelObject]


class FileObject(BaseModel):
    """An uploaded file. `id` is the SHA-256 of its content; `warnings` say what was unusual about its text."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: None = None
    filename: str
    purpose: Literal["user_data", "assistants"]
    status: Literal["processed"] = "processed"
    status_details: None = None
    pages: int
    warnings: list[str]


class FileList(BaseModel):
    object: Literal["list"] = "list"
    data: list[FileObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class FileDeleted(BaseModel):
    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


class Taken(BaseModel):
    """How much a user has `used` of something, and may; `limit` is null if there is no bound."""

    used: int
    limit: int | None


class UsageObject(BaseModel):
    """`tokens` are those of today, which begin anew at `tokens_free_at` (seconds since 1970, midnight UTC). `bytes`
    are those of the files that the user has put on shelves."""

    object: Literal["usage"] = "usage"
    user: str
    tokens: Taken
    tokens_free_at: int
    bytes: Taken


class ReadingObject(BaseModel):
    """A file that is read before anybody asks it. `tokens` of its `total` tokens are read; both are 0 until it
    begins. `error` says why it failed."""

    file_id: str
    object: Literal["reading"] = "reading"
    created_at: int
    status: Literal["waiting", "reading", "done", "failed", "cancelled"]
    tokens: int
    total: int
    error: str | None


class Health(BaseModel):
    """`waiting` requests are in the queue, `working` requests are being answered."""

    status: Literal["loading", "ready", "failed"]
    model: str
    waiting: int
    working: int
