"""`hr.sklearn.watch` on real data: what is recorded, and that nothing else changes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from recorded import Capture, Record, Recorded

pytest.importorskip("sklearn")
numpy = pytest.importorskip("numpy")

from sklearn import model_selection  # noqa: E402
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone  # noqa: E402
from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.datasets import load_digits, load_iris, load_wine  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: E402
from sklearn.model_selection import (  # noqa: E402
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler, StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402
from sklearn.utils.parallel import Parallel  # noqa: E402


@pytest.fixture
def watch() -> Iterator[Any]:
    with hr.sklearn.watch() as watch:
        yield watch


def objects(found: Recorded) -> dict[str, Record]:
    return {record["object_id"]: record for record in found.of("object")}


def named_object(found: Recorded, reference: Any) -> str:
    name: str = objects(found)[reference["$object"]]["attribute"]["name"]
    return name


def test_a_fit_has_parameters_data_and_a_model(capture: Capture, watch: Any) -> None:
    x, y = load_iris(return_X_y=True)
    model = LogisticRegression(C=0.5, max_iter=300).fit(x, y)
    model.predict(x[:10])
    assert model.score(x, y) > 0.9
    found = capture.recorded()
    fit = found.one("LogisticRegression.fit")
    assert (fit["used"]["C"], fit["used"]["max_iter"]) == (0.5, 300)
    assert fit["used"]["X"]["shape"] == [150, 4]
    assert fit["used"]["X"]["mean"] == pytest.approx(x.mean())
    assert named_object(found, fit["used"]["dataset"]) == "iris"
    assert named_object(found, fit["used"]["target"]) == "iris.target"
    made = objects(found)[fit["generated"]["model"]["$object"]]
    assert made["object_kind"] == "model"
    assert made["attribute"]["class"].endswith("LogisticRegression")
    predict, score = found.one("LogisticRegression.predict"), found.one("LogisticRegression.score")
    assert predict["used"]["model"] == score["used"]["model"] == fit["generated"]["model"]
    assert objects(found)[predict["generated"]["predictions"]["$object"]]["object_kind"] == (
        "predictions"
    )
    (row,) = found.of("log")
    assert row["generated"] == {"score": score["generated"]["score"]}


def test_data_are_known_by_content_wherever_they_are_met(capture: Capture, watch: Any) -> None:
    pandas = pytest.importorskip("pandas")
    x, y = load_wine(return_X_y=True)
    x_train, x_test, y_train, _ = train_test_split(x, y, random_state=0)
    scaled = StandardScaler().fit_transform(x_train)
    SVC().fit(scaled, y_train)
    LogisticRegression(max_iter=5000).fit(pandas.DataFrame(x), pandas.Series(y))
    found = capture.recorded()
    split, scale = found.one("train_test_split"), found.one("StandardScaler.fit_transform")
    assert named_object(found, split["used"]["dataset"]) == "wine"
    assert split["generated"]["piece_0"] == scale["used"]["dataset"]
    fit = found.one("SVC.fit")
    assert fit["used"]["dataset"] == scale["generated"]["dataset"]
    assert fit["used"]["target"] == split["generated"]["piece_2"]
    assert named_object(found, found.one("LogisticRegression.fit")["used"]["dataset"]) == "wine"
    assert len(x_test) == split["used"].get("test_size", len(x_test))


def test_steps_of_a_pipeline_are_its_children(capture: Capture, watch: Any) -> None:
    x, y = load_wine(return_X_y=True)
    columns = ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2, 3])])
    model = make_pipeline(columns, SVC(C=2)).fit(x, y)
    model.predict(x)
    found = capture.recorded()
    fit = found.one("Pipeline.fit")
    assert fit["used"]["svc__C"] == 2
    assert fit["used"]["columntransformer__a__with_mean"] is True
    assert found.parent("ColumnTransformer.fit_transform") == "Pipeline.fit"
    assert found.parent("SVC.fit") == "Pipeline.fit"
    assert found.parent("StandardScaler.fit_transform") == "ColumnTransformer.fit_transform"
    assert found.parent("MinMaxScaler.transform") == "ColumnTransformer.transform"
    assert found.parent("SVC.predict") == "Pipeline.predict"
    made = named_object(found, fit["generated"]["model"])
    assert made == "Pipeline(ColumnTransformer, SVC)"


def check_search(found: Recorded, search: Any, candidates: int, splits: int) -> None:
    kind = type(search).__name__
    (fit,) = found.named(f"{kind}.fit")
    assert fit["generated"]["best_params"] == search.best_params_
    assert fit["generated"]["best_score"] == search.best_score_
    assert fit["generated"]["candidates"] == candidates
    pieces = found.named("candidate")
    assert len(pieces) == candidates * splits
    assert {piece["parent_task_id"] for piece in pieces} == {fit["task_id"]}
    for piece in pieces:
        used = piece["used"]
        scores = search.cv_results_[f"split{used['split']}_test_score"]
        assert piece["generated"]["test_score"] == scores[used["candidate"]]
        wanted = search.cv_results_["params"][used["candidate"]]
        assert {name: used[name] for name in wanted} == wanted
    (refit,) = (t for t in found.named("SVC.fit") if t["parent_task_id"] == fit["task_id"])
    inside = {task["parent_task_id"] for task in found.named("SVC.fit")} - {fit["task_id"]}
    assert inside == {piece["task_id"] for piece in pieces}
    means = {
        row["generated"]["candidate"]: row["generated"]["mean_test_score"]
        for row in found.of("log")
        if "mean_test_score" in row["generated"]
    }
    assert means == dict(enumerate(search.cv_results_["mean_test_score"]))
    assert refit["status"] == "finished"


@pytest.mark.parametrize("kind", [GridSearchCV, RandomizedSearchCV])
def test_candidates_of_a_search_are_its_children(capture: Capture, watch: Any, kind: Any) -> None:
    x, y = load_iris(return_X_y=True)
    many = {} if kind is GridSearchCV else {"n_iter": 3, "random_state": 0}
    search = kind(SVC(), {"C": [0.1, 1.0, 10.0]}, cv=3, **many).fit(x, y)
    check_search(capture.recorded(), search, 3, 3)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_candidates_in_other_processes_and_threads(
    run: Callable[..., Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    done = run(
        "import os, pickle, sys, joblib, headrace as hr\n"
        "from sklearn.datasets import load_iris\n"
        "from sklearn.model_selection import GridSearchCV\n"
        "from sklearn.svm import SVC\n"
        "class Mine(SVC):\n"
        "    def fit(self, X, y=None, sample_weight=None):\n"
        "        return super().fit(X, y, sample_weight)\n"
        "if __name__ == '__main__':\n"
        "    with hr.sklearn.watch(), joblib.parallel_backend(sys.argv[1], n_jobs=2):\n"
        "        search = GridSearchCV(Mine(), {'C': [0.1, 1.0]}, cv=3)\n"
        "        search.fit(*load_iris(return_X_y=True))\n"
        "    print(search.best_score_)\n",
        backend,
    )
    assert done.exit_code == 0, done.stderr
    assert "not recorded" not in done.stderr
    # joblib ends its workers by a signal: what they left in memory is taken in with the rest.
    monkeypatch.setenv("HEADRACE_RING_DIR", str(tmp_path / "rings"))
    rows = hr.open(tmp_path / ".headrace").tasks
    (fit,) = rows.where(activity="GridSearchCV.fit")
    pieces = list(rows.where(activity="candidate"))
    assert {(t["parent_task_id"], t["status"]) for t in pieces} == {(fit["task_id"], "finished")}
    assert {t["workflow_id"] for t in pieces} == {fit["workflow_id"]}
    inside = [t["parent_task_id"] for t in rows.where(activity="Mine.fit")]
    assert sorted(inside) == sorted([fit["task_id"], *(piece["task_id"] for piece in pieces)])
    assert len(pieces) == 6
    elsewhere = {piece["pid"] for piece in pieces} - {fit["pid"]}
    assert bool(elsewhere) == (backend != "threading")


def test_halving_searches(run: Callable[..., Recorded]) -> None:
    done = run(
        "import headrace as hr\n"
        "from sklearn.experimental import enable_halving_search_cv\n"
        "from sklearn.datasets import load_digits\n"
        "from sklearn.model_selection import HalvingGridSearchCV\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "hr.sklearn.watch()\n"
        "x, y = load_digits(return_X_y=True)\n"
        "tree = DecisionTreeClassifier(random_state=0)\n"
        "search = HalvingGridSearchCV(tree, {'max_depth': [2, 4, 8]}, cv=2, random_state=0)\n"
        "search.fit(x, y)\n"
        "print(len(search.cv_results_['iter']))\n"
    )
    assert done.exit_code == 0, done.stderr
    count = int(done.stdout)
    rows = [row["generated"] for row in done.of("log") if "n_resources" in row["generated"]]
    assert [row["candidate"] for row in rows] == list(range(count))
    assert len({row["n_resources"] for row in rows}) > 1
    assert len(done.named("candidate")) == 2 * count


def test_cross_validation_also_by_a_name_imported_before(capture: Capture, watch: Any) -> None:
    x, y = load_wine(return_X_y=True)
    model = make_pipeline(StandardScaler(), SVC())
    scores = cross_val_score(model, x, y, cv=3)
    both = cross_validate(model, x, y, cv=3, scoring=["accuracy", "f1_macro"])
    found = capture.recorded()
    one = found.one("cross_val_score")
    assert one["generated"]["mean_test_score"] == scores.mean()
    assert one["used"]["svc__kernel"] == "rbf"
    assert named_object(found, one["used"]["dataset"]) == "wine"
    many = found.one("cross_validate")
    assert many["generated"]["mean_test_f1_macro"] == both["test_f1_macro"].mean()
    folds = [t for t in found.named("fold") if t["parent_task_id"] == one["task_id"]]
    assert [fold["generated"]["test_score"] for fold in folds] == list(scores)
    assert [fold["used"]["split"] for fold in folds] == [0, 1, 2]


class Shifted(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    def __init__(self, by: float = 1.0) -> None:
        self.by = by

    def fit(self, X: Any, y: Any = None) -> Shifted:  # noqa: N803
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        return X + self.by


def test_a_users_classes_before_and_after_the_watch(capture: Capture, watch: Any) -> None:
    class Later(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Later:  # noqa: N803
            self.classes_ = numpy.unique(y)
            if len(X) < 3:
                raise KeyError("too few")
            return self

        def predict(self, X: Any) -> Any:  # noqa: N803
            return numpy.full(len(X), self.classes_[0])

    class Derived(SVC):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803
            return super().fit(X, y, sample_weight)

    x, y = load_iris(return_X_y=True)
    later = Later().fit(x, y)
    later.score(x, y)
    Derived().fit(x, y)
    shifted = Shifted(2.0).fit_transform(x)
    assert (shifted == x + 2.0).all()
    with pytest.raises(KeyError, match="too few") as raised:
        Later().fit(x[:2], y[:2])
    assert type(raised.value) is KeyError
    found = capture.recorded()
    good, bad = found.named("Later.fit")
    assert (good["status"], bad["status"]) == ("finished", "failed")
    assert "too few" in str(bad["error"])
    assert len(found.named("Derived.fit")) == 1
    assert found.one("Shifted.fit_transform")["used"]["by"] == 2.0
    assert found.named("Shifted.fit") == []  # its own part of fit_transform
    assert found.named("Later.predict") == []


def test_a_failing_candidate_is_failed_and_the_search_goes_on(capture: Capture, watch: Any) -> None:
    x, y = load_iris(return_X_y=True)

    class Brittle(SVC):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803
            if self.C > 1:
                raise ArithmeticError("it broke")
            return super().fit(X, y, sample_weight)

    with pytest.warns(match="fits failed"):
        search = GridSearchCV(Brittle(), {"C": [1.0, 2.0]}, cv=2).fit(x, y)
    assert search.best_params_ == {"C": 1.0}
    found = capture.recorded()
    ends = {(t["used"]["C"], t["status"]) for t in found.named("candidate")}
    assert ends == {(1.0, "finished"), (2.0, "failed")}
    assert found.one("GridSearchCV.fit")["status"] == "finished"
    assert {t["status"] for t in found.named("Brittle.fit")} == {"finished", "failed"}


def inventory() -> dict[Any, dict[str, Any]]:
    """What every class of an estimator, and every module, has, by identity."""
    kinds, waiting = set(), [BaseEstimator]
    while waiting:
        for each in waiting.pop().__mro__[:-1]:
            if each not in kinds:
                kinds.add(each)
                waiting += type.__subclasses__(each)
    found: dict[Any, dict[str, Any]] = {kind: dict(kind.__dict__) for kind in kinds}
    found[Parallel] = dict(Parallel.__dict__)
    for module in (model_selection, __import__("sys").modules[__name__]):
        found[module.__name__] = {
            name: value for name, value in vars(module).items() if callable(value)
        }
    return found


def test_unwatching_restores_everything(capture: Capture) -> None:
    before = inventory()
    watch = hr.sklearn.watch()
    assert hr.sklearn.watch() is watch
    states = [watch.is_on]
    assert (
        model_selection.cross_val_score is not before[model_selection.__name__]["cross_val_score"]
    )
    assert inventory() != before

    class Between(TransformerMixin, BaseEstimator):  # type: ignore[misc]
        def transform(self, X: Any) -> Any:  # noqa: N803
            return X

    ours = Between.__dict__["transform"]
    watch.unwatch()
    hr.sklearn.unwatch()
    assert [*states, watch.is_on] == [True, False]
    after = inventory()
    between = after.pop(Between)
    assert between["transform"] is ours.__wrapped__
    for owner, members in before.items():
        assert list(after[owner]) == list(members)
        for name, value in members.items():
            assert after[owner][name] is value or name.startswith("__abstract"), (owner, name)
    assert after.keys() == before.keys()
    x, y = load_iris(return_X_y=True)
    SVC().fit(x, y)
    assert capture.recorded().tasks == []


def test_results_pickles_and_copies_are_the_same() -> None:
    x, y = load_digits(return_X_y=True)
    x, y = x[:400], y[:400]

    def work() -> list[Any]:
        out: list[Any]
        numpy.random.seed(3)
        forest = RandomForestClassifier(8, random_state=0).fit(x, y)
        pipe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=20)).fit(x, y)
        search = GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=2).fit(x, y)
        models = [forest, pipe, search.best_estimator_, Shifted(3.0).fit(x)]
        out = [pickle.dumps(model) for model in models]
        out += [pickle.dumps(copy.deepcopy(model)) for model in models[1:]]
        out += [clone(model).get_params() and repr(clone(model)) for model in models]
        out += [forest.predict_proba(x).tobytes(), pipe.decision_function(x).tobytes()]
        out += [search.cv_results_["mean_test_score"].tobytes(), search.predict(x).tobytes()]
        return [*out, numpy.random.random(3).tobytes()]

    plain = work()
    with hr.sklearn.watch():
        assert work() == plain
        again = pickle.loads(plain[1])  # noqa: S301 - made above
        assert (again.predict(x) == pickle.loads(plain[4]).predict(x)).all()  # noqa: S301


def test_copies_are_the_same_model(capture: Capture, watch: Any) -> None:
    x, y = load_iris(return_X_y=True)
    model = RandomForestClassifier(3, random_state=0).fit(x, y)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - made here
    again.predict(x)
    model.fit(x, 2 - y)
    model.predict(x)
    found = capture.recorded()
    first, second = found.named("RandomForestClassifier.fit")
    copied, other = found.named("RandomForestClassifier.predict")
    assert copied["used"]["model"] == first["generated"]["model"]
    assert other["used"]["model"] == second["generated"]["model"] != first["generated"]["model"]


def test_what_our_looking_meets_stays_here(
    capture: Capture, watch: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    class Odd(BaseEstimator):  # type: ignore[misc]
        def get_params(self, deep: bool = True) -> dict[str, Any]:
            raise RuntimeError("no parameters today")

        def fit(self, X: Any, y: Any = None) -> str:  # noqa: N803
            return "done"

        def predict(self, X: Any) -> Any:  # noqa: N803
            return iter([])

    assert Odd().fit([[1]]) == "done"
    assert list(Odd().predict(object())) == []
    assert "no parameters today" in capfd.readouterr().err
    assert capture.recorded().one("Odd.fit")["status"] == "finished"


def test_data_beyond_the_bound_are_summed_up_only(capture: Capture) -> None:
    x, y = load_iris(return_X_y=True)
    with hr.sklearn.watch(hash_bytes=1000):
        DecisionTreeClassifier().fit(x, y)
    used = capture.recorded().one("DecisionTreeClassifier.fit")["used"]
    assert used["X"]["shape"] == [150, 4]
    assert "dataset" not in used
    with hr.sklearn.watch(hash_bytes=0):
        Ridge().fit(x, y)
    used = capture.recorded().one("Ridge.fit")["used"]
    assert not {"dataset", "target"} & used.keys()


def test_sparse_lists_and_text(capture: Capture, watch: Any) -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    texts = ["the cat sat", "the dog sat down", "cats and dogs"] * 10
    counts = CountVectorizer().fit_transform(texts)
    LogisticRegression().fit(counts, [0, 1, 1] * 10)
    found = capture.recorded()
    made = found.one("CountVectorizer.fit_transform")
    assert made["used"]["raw_documents"] == {"type": "list", "shape": [30]}
    assert made["generated"]["result"]["stored"] == counts.nnz
    fit = found.one("LogisticRegression.fit")
    assert fit["used"]["dataset"] == made["generated"]["dataset"]
    assert fit["used"]["X"]["shape"] == list(counts.shape)


def test_an_unsupported_version_says_which_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    monkeypatch.setattr(metadata, "version", lambda _: "1.2.2")
    with pytest.raises(ImportError, match=r"scikit-learn 1\.2\.2 is here.*>=1\.4,<2"):
        hr.sklearn.watch()
