"""Tools of AI agents and questions to language models, as tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace import _capture

from flowcept import configs
from flowcept.commons.flowcept_dataclasses.task_object import TaskObject
from flowcept.commons.utils import replace_non_serializable, sanitize_json_like
from flowcept.commons.vocabulary import PROV_AGENT
from flowcept.instrumentation.flowcept_task import (
    _name,
    attributes_of,
    default_args_handler,
    get_current_context_task_id,
    handled_task,
)
from flowcept.instrumentation.task_capture import FlowceptTask

# The attributes of every decorated tool that names no agent of its own.
_without_agent: list[dict[str, Any]] = []
_agent_id: str | None = None


def set_agent_id(agent_id: str | None) -> None:
    """From now on tools that name no agent run on behalf of this one (None: of nobody)."""
    global _agent_id
    _agent_id = agent_id
    for attributes in _without_agent:
        if agent_id is None:
            attributes.pop("agent_id", None)
        else:
            attributes["agent_id"] = agent_id


def agent_flowcept_task(func: Callable[..., Any] | None = None, **decorator_kwargs: Any) -> Any:
    """Records calls of an agent's tool; an exception goes on to the caller.

    subtype (default `agent_tool`), tags, custom_metadata, agent_id, args_handler and
    capture_telemetry are as flowcept_task's.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if not configs.INSTRUMENTATION_ENABLED:
            return function
        options = decorator_kwargs
        fields = {
            "subtype": options.get("subtype", PROV_AGENT.AGENT_TOOL),
            "custom_metadata": options.get("custom_metadata") or None,
            "agent_id": options.get("agent_id", _agent_id),
        }
        if options.get("capture_telemetry") is False:
            fields["capture_telemetry"] = False
        attributes = attributes_of(**fields) or {}
        if options.get("agent_id") is None:
            _without_agent.append(attributes)
        handler = options.get("args_handler", default_args_handler)
        if handler is not default_args_handler:
            return handled_task(function, handler, None, attributes, options)
        return _capture.flowcept_task(
            function, _name(function), None, "arg_0", options.get("tags"), attributes
        )

    return decorate if func is None else decorate(func)


def get_current_context_task() -> TaskObject | None:
    """The task that runs here, by its id; None outside every task."""
    task_id = get_current_context_task_id()
    if task_id is None:
        return None
    from flowcept.flowcept_api.flowcept_controller import Flowcept

    return TaskObject.from_dict(
        {
            "task_id": task_id,
            "workflow_id": _capture.current_workflow() or Flowcept.current_workflow_id,
            "campaign_id": Flowcept.campaign_id,
            "agent_id": _agent_id,
        }
    )


def _extract_llm_metadata(llm: Any) -> dict[str, Any]:
    """What a language model is: its class and, without secrets, its settings."""
    config: Any = {}
    for method in ("model_dump", "dict"):
        if callable(getattr(llm, method, None)):
            config = getattr(llm, method)()
            break
    return {
        "class_name": type(llm).__name__,
        "module": type(llm).__module__,
        "config": sanitize_json_like(replace_non_serializable(config), drop_sensitive_keys=True),
    }


def _estimated_tokens(text: str | None) -> int | None:
    """About four characters make a token."""
    if text is None:
        return None
    return max(1, round(len(text) / 4)) if text else 0


def _first(source: dict[str, Any], *names: str) -> Any:
    return next((source[name] for name in names if source.get(name) is not None), None)


def extract_llm_usage(
    response: Any,
    fallback_model: str | None = None,
    input_text: str | None = None,
    output_text: str | None = None,
) -> dict[str, Any]:
    """Tokens and model of a response, under the same names for every provider; tokens that it does
    not tell are estimated from the texts."""
    told = dict(getattr(response, "usage_metadata", None) or {})
    metadata = sanitize_json_like(
        replace_non_serializable(getattr(response, "response_metadata", None) or {})
    )
    usage = metadata.get("token_usage") or metadata.get("usage") or {}
    tokens = {
        "input": _first(told, "input_tokens") or _first(usage, "prompt_tokens", "input_tokens"),
        "output": _first(told, "output_tokens")
        or _first(usage, "completion_tokens", "output_tokens"),
        "total": _first(told, "total_tokens") or _first(usage, "total_tokens"),
    }
    is_told = any(count is not None for count in tokens.values())
    for side, text in (("input", input_text), ("output", output_text)):
        if tokens[side] is None:
            tokens[side] = _estimated_tokens(text)
    if tokens["total"] is None and None not in (tokens["input"], tokens["output"]):
        tokens["total"] = tokens["input"] + tokens["output"]
    facts = {
        "model": _first(metadata, "model_name", "model") or fallback_model,
        "input_tokens": tokens["input"],
        "output_tokens": tokens["output"],
        "total_tokens": tokens["total"],
        "input_chars": None if input_text is None else len(input_text),
        "output_chars": None if output_text is None else len(output_text),
    }
    return {
        **facts,
        "finish_reason": metadata.get("finish_reason"),
        "provider_request_id": _first(metadata, "id", "request_id"),
        "provider_response_metadata": metadata,
        "token_count_source": "provider" if is_told else "estimated_from_chars",
        **{f"llm_{name}": value for name, value in facts.items()},
    }


class _FlowceptLLM:
    """A language model whose answers are recorded: prompt, response, tokens, settings."""

    def __init__(
        self,
        llm: Any,
        agent_id: str | None = None,
        parent_task_id: str | None = None,
        workflow_id: str | None = None,
        campaign_id: str | None = None,
        return_response_object: bool = False,
    ) -> None:
        self.llm = llm
        self.agent_id = agent_id
        self.parent_task_id = parent_task_id
        self.workflow_id = self.worflow_id = workflow_id  # programs read the misspelt name
        self.campaign_id = campaign_id
        self.return_response_object = return_response_object
        self.metadata = _extract_llm_metadata(llm)

    def _ask(self, messages: Any, **kwargs: Any) -> Any:
        prompt = self._format_messages(messages)
        with FlowceptTask(
            used={"prompt": prompt},
            subtype=PROV_AGENT.AI_MODEL_INVOCATION,
            custom_metadata=self.metadata,
            agent_id=self.agent_id,
            activity_id="llm_interaction",
            campaign_id=self.campaign_id,
            workflow_id=self.workflow_id,
            parent_task_id=self.parent_task_id,
            capture_telemetry=False,
        ) as task:
            response = self.llm.invoke(messages, **kwargs)
            text = response.content if hasattr(response, "content") else str(response)
            facts = {
                name: replace_non_serializable(getattr(response, name))
                for name in ("usage_metadata", "response_metadata")
                if hasattr(response, name)
            }
            facts["llm_usage"] = extract_llm_usage(
                response,
                fallback_model=(self.metadata["config"] or {}).get("model"),
                input_text=prompt,
                output_text=text if isinstance(text, str) else str(text),
            )
            task.end(generated={"response": text}, custom_metadata=facts)
        return response if self.return_response_object else text

    def call(
        self,
        messages: Any,
        tools: list[dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        available_functions: dict[str, Any] | None = None,
    ) -> Any:
        """As some libraries call a model; the further arguments are theirs alone."""
        return self._ask(messages)

    def invoke(self, input: Any, *args: Any, **kwargs: Any) -> Any:
        """As LangChain calls a model."""
        if args and args[0] is not None:
            kwargs.setdefault("config", args[0])
        return self._ask(input, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.invoke(*args, **kwargs)

    @staticmethod
    def _format_messages(messages: Any) -> str:
        """A prompt, or a list of messages as lines "Role: content"."""
        if isinstance(messages, str):
            return messages
        if not isinstance(messages, list):
            raise ValueError(f"Invalid message format: {messages}")
        lines = []
        for message in messages:
            if isinstance(message, dict):
                role = message.get("role", "").capitalize()
                lines.append(f"{role}: {message.get('content', '')}")
            elif hasattr(message, "content"):
                role = getattr(message, "type", type(message).__name__)
                lines.append(f"{role}: {message.content}")
            else:
                lines.append(str(message))
        return "\n".join(lines)


def _llm_class() -> type:
    """With LangChain it is one of its Runnables, which chains are made of."""
    try:
        from langchain_core.runnables import Runnable
    except ModuleNotFoundError:
        return _FlowceptLLM
    return type("FlowceptLLM", (_FlowceptLLM, Runnable), {"__doc__": _FlowceptLLM.__doc__})


def __getattr__(name: str) -> Any:
    """FlowceptLLM, made when it is asked for: LangChain takes a second to import."""
    if name != "FlowceptLLM":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = _llm_class()
    made.__name__ = "FlowceptLLM"
    globals()["FlowceptLLM"] = made
    return made
