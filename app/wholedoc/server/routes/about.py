"""What the server says of itself: /v1/models, /health, /metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from .. import metrics
from ..models import Phase
from ..protocol.errors import ErrorBody
from ..protocol.responses import Health, ModelList, ModelObject
from ..state import state_of

router = APIRouter()
_METRICS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/v1/models")
async def models(request: Request) -> ModelList:
    """The one model that is served."""
    return ModelList(data=[state_of(request).model.describe()])


@router.get("/v1/models/{model:path}", responses={404: {"model": ErrorBody, "description": "Another model."}})
async def model(request: Request, model: str) -> ModelObject:
    """The model by its name."""
    served = state_of(request).model
    served.check(model)
    return served.describe()


@router.get("/health", responses={503: {"model": Health, "description": "The model could not be loaded."}})
async def health(request: Request) -> Response:
    """Whether questions are answered at once (`ready`), soon (`loading`) or not at all (`failed`)."""
    state = state_of(request)
    said = Health(
        status=state.model.phase.value,
        model=state.model.name,
        waiting=state.rate_limiter.waiting,
        working=state.rate_limiter.working,
    )
    return JSONResponse(said.model_dump(), 503 if state.model.phase is Phase.FAILED else 200)


@router.get("/metrics", response_class=Response, responses=_METRICS)
async def measured(request: Request) -> Response:
    """Counts and times in Prometheus' text format."""
    return Response(state_of(request).metrics.text(), media_type=metrics.CONTENT_TYPE)
