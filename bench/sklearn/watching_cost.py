"""Measures calls of estimators bare and watched, in turn; prints a JSON line for each row."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import headrace as hr
import numpy
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def least_us(call: Callable[[], Any], calls: int) -> float:
    """Processor time of one call, in a block of `calls`; other programs do not count."""
    begin = time.process_time_ns()
    for _ in range(calls):
        call()
    return (time.process_time_ns() - begin) / calls / 1e3


def floor_of(x: Any, y: Any, estimator: Any) -> Callable[[], None]:
    """What nobody can do without who knows data by content and records parameters."""

    x, y = numpy.ascontiguousarray(x), numpy.ascontiguousarray(y)

    def read() -> None:
        hashlib.sha256(x).hexdigest()
        hashlib.sha256(y).hexdigest()
        estimator.get_params()

    return read


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    iris, digits = load_iris(return_X_y=True), load_digits(return_X_y=True)
    bayes = GaussianNB().fit(*iris)
    pipe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=20, tol=1.0))
    search = GridSearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, cv=3)
    rows: list[tuple[str, Callable[[], Any], Callable[[], None], int, int]] = [
        ("GaussianNB.fit, iris", lambda: bayes.fit(*iris), floor_of(*iris, bayes), 20, 1),
        ("GaussianNB.predict, iris", lambda: bayes.predict(iris[0]), floor_of(*iris, bayes), 20, 1),
        ("Pipeline of 2, fit, digits", lambda: pipe.fit(*digits), floor_of(*digits, pipe), 4, 3),
        ("GridSearchCV of 3 x 3, iris", lambda: search.fit(*iris), floor_of(*iris, search), 1, 29),
    ]
    for name, call, floor, calls, tasks in rows:
        bare, watched, least = [], [], []
        for _ in range(rounds):
            bare.append(least_us(call, calls))
            least.append(least_us(floor, calls))
            with hr.sklearn.watch():
                watched.append(least_us(call, calls))
        added = min(watched) - min(bare)
        row = {
            "row": name,
            "bare_us": round(min(bare), 1),
            "added_us": round(added, 1),
            "of_bare": round(added / min(bare), 3),
            "tasks": tasks,
            "added_per_task_us": round(added / tasks, 1),
            "floor_us": round(min(least), 1),
            "ratio": round(added / min(least), 2),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
