"""The interceptor of decorators, tasks and loops: one for the process."""

from __future__ import annotations

from typing import NoReturn

from flowcept.flowceptor.adapters.base_interceptor import BaseInterceptor


class InstrumentationInterceptor:
    _instance: BaseInterceptor | None = None

    def __new__(cls) -> NoReturn:
        raise TypeError("there is one for the process: InstrumentationInterceptor.get_instance()")

    @classmethod
    def get_instance(cls) -> BaseInterceptor:
        if cls._instance is None:
            cls._instance = BaseInterceptor(kind="instrumentation")
        return cls._instance
