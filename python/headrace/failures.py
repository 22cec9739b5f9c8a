"""The text of a traceback, as it is recorded with a failed task."""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from types import TracebackType

MAX_FRAMES = 40
MAX_CAUSES = 4


def _frames(traceback: TracebackType | None) -> list[str]:
    import linecache  # at the first failure, not with the package

    frames: list[tuple[str, int, str]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append((code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    elided = len(frames) - MAX_FRAMES
    if elided > 0:
        half = MAX_FRAMES // 2
        frames[half:-half] = [(f"... {elided} frames ...", 0, "")]
    lines = []
    for file, line, name in frames:
        if not name:
            lines.append(f"  {file}")
            continue
        lines.append(f'  File "{file}", line {line}, in {name}')
        if text := linecache.getline(file, line).strip():
            lines.append(f"    {text[:200]}")
    return lines


def _message(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except Exception:
        return "its str() failed"


def is_from_signal(error: BaseException) -> bool:
    """True when a signal's handler raised it, not the code that was running then: Ctrl-C, or a
    timeout that the program made with signal.alarm. Such an exception belongs to the program."""
    import signal

    codes = []
    for number in range(1, 65):
        try:
            handler = signal.getsignal(number)
        except (ValueError, OSError):
            continue
        function = getattr(handler, "__func__", handler)
        code = getattr(function, "__code__", None)
        if code is not None:
            codes.append(code)
    traceback = error.__traceback__
    last = None
    while traceback is not None:
        if any(traceback.tb_frame.f_code is code for code in codes):
            return True
        last, traceback = traceback, traceback.tb_next
    if not isinstance(error, KeyboardInterrupt):
        return False
    # Python's own handler of Ctrl-C has no frame. A `raise` in the code says that it was not that.
    if last is None or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return last is None
    from opcode import opmap

    return last.tb_frame.f_code.co_code[last.tb_lasti] != opmap["RAISE_VARARGS"]


def traceback_text(error: BaseException, traceback: TracebackType | None) -> str:
    """The frames, outermost first, with their source lines; then the causes, nearest first."""
    lines = _frames(traceback)
    for _ in range(MAX_CAUSES):
        cause = error.__cause__
        if cause is None and not error.__suppress_context__:
            cause = error.__context__
        if cause is None or cause is error:
            break
        lines.append(f"caused by {type(cause).__name__}: {_message(cause)}")
        lines += _frames(cause.__traceback__)
        error = cause
    return "\n".join(lines)
