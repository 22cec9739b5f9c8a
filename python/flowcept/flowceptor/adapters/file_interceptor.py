"""Interceptors of what other tools write into files: `headrace import KIND PATH` reads it, whenever
it has changed, while a Flowcept runs and once more when it stops."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path

from flowcept.flowceptor.adapters.base_interceptor import BaseInterceptor
from flowcept.store import asking

STOP_SECONDS = 60.0  # a last reading takes at most so long


class FileInterceptor(BaseInterceptor):
    """Of `adapters.<plugin_key>.file_path` in the settings."""

    imports = ""  # the kind that `headrace import` knows

    def __init__(self, plugin_key: str) -> None:
        super().__init__(plugin_key=plugin_key, kind=plugin_key)
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._trouble = ""  # why the last reading failed

    def start(self, bundle_exec_id: str | None, check_safe_stops: bool = True) -> FileInterceptor:
        super().start(bundle_exec_id, check_safe_stops)
        self._ending.clear()
        self._thread = threading.Thread(target=self.observe, daemon=True, name="flowcept files")
        self._thread.start()
        return self

    def drain(self) -> None:
        """Reads what was written last; nothing is read after that."""
        if self._ending.is_set():
            return
        self._ending.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            self._thread = None
        self.callback()
        self._try_to_tell(is_last=True)
        if self._trouble:
            message = f"flowcept: {self.imports}: {self._trouble}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def stop(self, check_safe_stops: bool = True) -> None:
        self.drain()
        super().stop(check_safe_stops)

    def observe(self) -> None:
        while not self._ending.wait(max(0.05, float(self.settings.watch_interval_sec))):
            self.callback()

    def callback(self) -> int:
        """Takes in what is new; whether there was anything to look at. It never raises."""
        try:
            seen = self._state()
            if not seen or seen == self._seen:
                return 0
            self._trouble = self._imported()
        except (OSError, subprocess.SubprocessError) as error:
            self._trouble = str(error)
        if not self._trouble:
            self._try_to_tell(is_last=False)
        if self._trouble:
            # Perhaps it is being made just now; it is looked at again.
            self.logger.warning(self._trouble)
            return 0
        self._seen = seen
        return 1

    def tell(self, is_last: bool) -> None:
        """Records as documents what was taken in, where its tasks are not tasks there already."""

    def _try_to_tell(self, is_last: bool) -> None:
        from headrace.store import StoreError

        try:
            self.tell(is_last)
        except (OSError, StoreError) as error:
            self._trouble = f"what was read cannot be told as tasks: {error}"

    def _state(self) -> tuple[tuple[str, int, int], ...]:
        """Names, sizes and times of the file, or of the files in the folder."""
        path = Path(self.settings.file_path)
        files = (
            sorted(path.rglob("*"))
            if path.is_dir()
            else [path, *path.parent.glob(f"{path.name}-*")]
        )
        out = []
        for file in files:
            if file.is_file():
                facts = file.stat()
                out.append((str(file), facts.st_size, facts.st_mtime_ns))
        return tuple(out)

    def _imported(self) -> str:
        """Why it could not be read, "" when it was."""
        beside = str(Path(sys.executable).parent)
        program = shutil.which("headrace", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
        if program is None:
            return "there is no command `headrace` on the PATH, which reads the files"
        done = subprocess.run(
            [program, "import", self.imports, str(self.settings.file_path)],
            env=os.environ | {"HEADRACE_DIR": asking.root()},
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
            check=False,
        )
        return done.stderr.strip() if done.returncode != 0 else ""
