"""Words that documents use."""

from __future__ import annotations

from enum import Enum


class Vocabulary:
    class Settings:
        """Keys of an adapter in settings.yaml, and the kinds of adapters."""

        ADAPTERS = "adapters"
        KIND = "kind"
        MLFLOW_KIND = "mlflow"
        TENSORBOARD_KIND = "tensorboard"
        DASK_KIND = "dask"
        ZAMBEZE_KIND = "zambeze"


class Status(str, Enum):
    """How far a task or workflow has come. Text, so that JSON takes it as it is."""

    SUBMITTED = "SUBMITTED"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"

    @staticmethod
    def get_finished_statuses() -> list[Status]:
        """Those after which nothing more happens."""
        return [Status.FINISHED, Status.ERROR]


class MimeType(Enum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    GIF = "image/gif"
    BMP = "image/bmp"
    TIFF = "image/tiff"
    WEBP = "image/webp"
    SVG = "image/svg+xml"
    PDF = "application/pdf"
    JSON = "application/json"
    CSV = "text/csv"
    JSONL = "application/x-ndjson"


class ML_Types(str, Enum):
    """Subtypes of workflows and tasks of machine learning."""

    WORKFLOW = "ml_workflow"
    DATA_PREP = "dataprep"
    LEARNING = "learning"
    MODEL_SELECTION = "model_selection"


class PROV_AGENT(str, Enum):
    """Subtypes of what an AI agent does: a question to a model, the use of a tool."""

    AI_MODEL_INVOCATION = "ai_model_invocation"
    AGENT_TOOL = "agent_tool"
