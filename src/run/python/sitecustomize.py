# Put on PYTHONPATH by `headrace run`: lets a Python program say at its end which modules, packages
# and seeds it ran with. It needs nothing of Headrace, runs under any Python, imports next to
# nothing at the start, and hands over to the environment's own sitecustomize if there is one.
import atexit
import os
import sys


def _headrace_run_the_other(here):
    if sys.version_info < (3, 4):
        return
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None or os.path.dirname(spec.origin or "") == here:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _headrace_write(folder, part, facts):
    import json

    path = os.path.join(folder, "%d.%s.json" % (os.getpid(), part))
    with open(path + ".part", "w") as file:
        json.dump(facts, file, default=str)
    os.rename(path + ".part", path)


def _headrace_report(path, folder, pid):
    # A fork child ends with its parent's handlers; only the process that began here reports.
    if os.getpid() != pid or sys.version_info < (3, 10):
        return
    try:
        from importlib.machinery import SourceFileLoader
        from importlib.util import module_from_spec, spec_from_loader

        loader = SourceFileLoader("_headrace_environment", path)
        spec = spec_from_loader(loader.name, loader)
        environment = module_from_spec(spec)
        loader.exec_module(environment)
        facts = environment.gather()
        packages = {part: facts.pop(part, {}) for part in ("packages", "modules")}
        _headrace_write(folder, "packages", packages)
        _headrace_write(folder, "summary", facts)
    except BaseException:  # the program has ended, well or not; this must not change how
        return


class _HeadraceTorch(object):
    """Sees PyTorch imported, and has its models watched from then on (`headrace run --torch`)."""

    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                self._follow(spec.loader)
                return spec
        return None

    def _follow(self, loader):
        execute = getattr(loader, "exec_module", None)
        if execute is None or not hasattr(loader, "__dict__"):
            return

        def exec_module(module):
            del loader.exec_module
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                _headrace_watch_models()

        loader.exec_module = exec_module


def _headrace_watch_models():
    try:
        from headrace.torch import automatic

        automatic.begin()
    except Exception as error:
        sys.stderr.write(
            "headrace: --torch: the models are not watched by %s: %s: %s\n"
            % (sys.executable, type(error).__name__, error)
        )


def _headrace_begin():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.environ.get("HEADRACE_RUN_FACTS")
    # The program sees the search path that it would see without us.
    sys.path[:] = [entry for entry in sys.path if entry != here]
    if folder and os.path.isdir(folder):
        path = os.path.join(here, "_headrace_environment.py")
        atexit.register(_headrace_report, path, folder, os.getpid())
    if os.environ.get("HEADRACE_TORCH", "") not in ("", "0") and sys.version_info >= (3, 10):
        sys.meta_path.insert(0, _HeadraceTorch())
    _headrace_run_the_other(here)


_headrace_begin()
