"""What scikit-learn's estimators do, as tasks: fits, predictions, scores, searches.

    import headrace as hr

    hr.sklearn.watch()             # once; nothing else changes
    with hr.sklearn.watch(): ...   # or for a block

scikit-learn is loaded when `watch` is called, not with headrace.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from headrace.sklearn.watching import Watch

__all__ = ["unwatch", "watch"]

VERSIONS = ">=1.4,<2"


def watch(*, hash_bytes: int = 64 << 20) -> Watch:
    """Records from now on what estimators do, in this process and in those that scikit-learn
    starts for it with `n_jobs`.

    Each call of fit, predict, transform, score and the like on an estimator is a task named
    `Class.method`, with its parameters and what the data are like; what the estimator calls on
    itself is part of it, what it calls on others (the steps of a pipeline) its children. So are
    `cross_validate`, `cross_val_score`, `cross_val_predict` and `train_test_split`, and in them and
    in searches a task `candidate` or `fold` for each fit. Scores are metrics.

    Data of calls from outside, at most `hash_bytes` of each, are objects known by the hash of their
    content (0: none), and so are fitted models: the lineage leads from data over model to what it
    predicted. Results are the same to the bit. Classes defined later are watched too.

    Gives a Watch that ends by `unwatch()` or as a `with` block; called again, the same with the new
    bound. ImportError where scikit-learn is missing, UnsupportedVersionError where it is another
    than 1.4 to 1.x.
    """
    from headrace.adapters import requires

    requires("scikit-learn", VERSIONS, extra="sklearn", module="sklearn")
    from headrace.sklearn.watching import begin

    return begin(hash_bytes)


def unwatch() -> None:
    """Ends it: every class and function is what it was. Without a watch it does nothing."""
    import sys

    watching = sys.modules.get("headrace.sklearn.watching")
    if watching is not None:
        watching.end()
