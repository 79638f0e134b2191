"""What the server says about itself: /v1/models, /health, /ready and /metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ..observing import metrics
from ..protocol.errors import ErrorBody
from ..protocol.responses import Health, ModelList, ModelObject
from ..served_model import Phase
from ..state import state_of

router = APIRouter()
_METRICS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/v1/models")
async def models(request: Request) -> ModelList:
    """Lists the one model that is served."""
    return ModelList(data=[state_of(request).model.describe()])


@router.get("/v1/models/{model:path}", responses={404: {"model": ErrorBody, "description": "Another model."}})
async def model(request: Request, model: str) -> ModelObject:
    """Returns the model by its name."""
    served = state_of(request).model
    served.check(model)
    return served.describe()


@router.get("/health", responses={503: {"model": Health, "description": "The model could not be loaded."}})
async def health(request: Request) -> Response:
    """Says whether questions are answered at once (`ready`), soon (`loading`) or not at all (`failed`)."""
    health = _health(request)
    return JSONResponse(health.model_dump(), 503 if health.status == Phase.FAILED.value else 200)


@router.get("/ready", responses={503: {"model": Health, "description": "The model is not loaded."}})
async def ready(request: Request) -> Response:
    """Says the same by its status: 200 once questions are answered at once, 503 until then."""
    health = _health(request)
    return JSONResponse(health.model_dump(), 200 if health.status == Phase.READY.value else 503)


@router.get("/metrics", response_class=Response, responses=_METRICS)
def read_metrics(request: Request) -> Response:  # in a thread, as it may look at the store
    """Returns all metrics in Prometheus' text format."""
    return Response(state_of(request).metrics.text(), media_type=metrics.CONTENT_TYPE)


def _health(request: Request) -> Health:
    state = state_of(request)
    return Health(
        status=state.model.phase.value,
        model=state.model.name,
        waiting=state.rate_limiter.waiting,
        working=state.rate_limiter.working,
    )
