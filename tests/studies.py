"""A folder that programs recorded into: what its store answers, and its records as they are."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asked import HEADRACE, Row, environment_of
from segments import Raw, read_raw

FINE_TUNING = Path(__file__).parents[1] / "examples" / "llm_finetune"


@dataclass(frozen=True)
class Study:
    folder: Path
    printed: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.folder / ".headrace")

    @functools.cached_property
    def raw(self) -> Raw:
        """The records, read from the segments without anything of Headrace."""
        return read_raw(self.folder / ".headrace")

    @classmethod
    def made_by(cls, program: str, folder: Path) -> Study:
        """What a Python program records."""
        made = cls(folder)
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env=made.environment,
            check=True,
            timeout=120,
        )
        return made

    @classmethod
    def fine_tuning(cls, folder: Path, *command: str | Path, **environment: str) -> Study:
        """The example's study at its tiny scale."""
        programs = f"{Path(sys.executable).parent}:{HEADRACE.parent}:{os.environ['PATH']}"
        ended = subprocess.run(
            [*command, "--folder", str(folder), "--scale", "tiny"],
            env={**cls(folder).environment, "PATH": programs, **environment},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return cls(folder, ended.stdout)

    def result(self, workflow: str) -> dict[str, Any]:
        """What a workflow of the fine-tuning study wrote down itself."""
        result: dict[str, Any] = json.loads((self.folder / f"results/{workflow}.json").read_text())
        return result

    def headrace(self, *arguments: str, code: int = 0) -> str:
        ended = subprocess.run(
            [HEADRACE, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout

    def answer(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.headrace(*arguments, "--json", code=code))

    def rows(self, sql: str) -> list[Row]:
        lines = self.headrace("query", sql, "--format", "jsonl").splitlines()
        return [json.loads(line) for line in lines]
