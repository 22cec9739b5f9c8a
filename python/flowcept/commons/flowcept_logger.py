"""The layer's own log, off unless settings.yaml turns it on."""

from __future__ import annotations

import logging

from flowcept.configs import (
    HOSTNAME,
    LOG_FILE_LEVEL,
    LOG_FILE_PATH,
    LOG_STREAM_LEVEL,
    PROJECT_NAME,
)

_FORMAT = (
    f"[%(name)s][%(levelname)s][{HOSTNAME}][pid=%(process)d][thread=%(thread)d]"
    "[function=%(funcName)s][%(message)s]"
)


def _level(name: str) -> int | None:
    """None: disabled."""
    level = logging.getLevelName(name)
    return level if isinstance(level, int) else None


class FlowceptLogger:
    """`FlowceptLogger()` is always the one logging.Logger."""

    _instance: logging.Logger | None = None

    def __new__(cls) -> logging.Logger:  # type: ignore[misc]
        if cls._instance is None:
            cls._instance = cls.build_logger()
        return cls._instance

    @classmethod
    def build_logger(cls) -> logging.Logger:
        logger = logging.getLogger(PROJECT_NAME)
        if logger.handlers:
            return logger
        levels = []
        if (stream_level := _level(LOG_STREAM_LEVEL)) is not None:
            stream = logging.StreamHandler()
            stream.setLevel(stream_level)
            stream.setFormatter(logging.Formatter(_FORMAT))
            logger.addHandler(stream)
            levels.append(stream_level)
        if (file_level := _level(LOG_FILE_LEVEL)) is not None:
            try:
                file = logging.FileHandler(LOG_FILE_PATH, delay=True, mode="a+")
            except OSError:
                pass
            else:
                file.setLevel(file_level)
                file.setFormatter(logging.Formatter(f"%(asctime)s{_FORMAT}"))
                logger.addHandler(file)
                levels.append(file_level)
        if levels:
            logger.setLevel(min(levels))
        else:
            logger.addHandler(logging.NullHandler())
            logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        return logger

    @classmethod
    def get_instance(cls) -> logging.Logger:
        return cls()
