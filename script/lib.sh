# Shared by the scripts; sourced after `cd` to the repository's root.
# shellcheck shell=bash
root=$PWD
say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { say "$*"; exit 1; }

# Caches lie outside the clone, in the user's own places; without a writable $HOME they lie in .cache/.
if [ ! -d "${HOME:-}" ] || [ ! -w "$HOME" ]; then
  export XDG_CACHE_HOME="${XDG_CACHE_HOME:-$root/.cache}"
  export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$XDG_CACHE_HOME/pip}"
  export npm_config_cache="${npm_config_cache:-$XDG_CACHE_HOME/npm}"
  export CCACHE_DIR="${CCACHE_DIR:-$XDG_CACHE_HOME/ccache}"
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
export PATH="$root/.venv/bin:$PATH"

# find_python 3.12: prints the path of a Python of that version that runs, or fails.
# Looked at: python3.12 on PATH (a pyenv shim may exist and still not run), then pyenv's versions.
find_python() {
  local version=$1 candidate
  for candidate in $(type -aP "python$version" || true) \
    "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/"$version".*/bin/python; do
    if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" \
      >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return 0
    fi
  done
  return 1
}
