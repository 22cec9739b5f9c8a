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


def traceback_text(error: BaseException, traceback: TracebackType | None) -> str:
    """The frames, outermost first, with their source lines; then the causes, nearest first."""
    lines = _frames(traceback)
    for _ in range(MAX_CAUSES):
        cause = error.__cause__
        if cause is None and not error.__suppress_context__:
            cause = error.__context__
        if cause is None or cause is error:
            break
        lines.append(f"caused by {type(cause).__name__}: {str(cause)[:500]}")
        lines += _frames(cause.__traceback__)
        error = cause
    return "\n".join(lines)
