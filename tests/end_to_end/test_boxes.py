"""Closed programs: what their files say of who made what from what, exactly and unnoticed."""
# ruff: noqa: S608 - fixed SQL

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, Row, environment_of, query

ROOT = Path(__file__).parents[2]
SHIM = ROOT / "build/release/lib/libheadrace_box.so"

Edges = set[tuple[str, str, str]]


class Folder:
    """A working folder with a `.headrace` of its own, and what was recorded of runs in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = path / ".headrace"
        self.environment = environment_of(self.store, HEADRACE_TELEMETRY="0")

    def run(
        self,
        *words: str | Path,
        options: tuple[str, ...] = (),
        stdin: bytes | None = None,
        cwd: Path | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(HEADRACE), "run", "-q", *options, "--", *map(str, words)],
            cwd=cwd or self.path,
            env=self.environment | environment,
            capture_output=True,
            input=stdin,
            check=False,
        )

    def bare(self, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*map(str, words)],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            check=False,
        )

    def query(self, sql: str) -> list[Row]:
        return query(sql, self.environment)

    def edges(self, hidden: tuple[str, ...] = ("system_files", "code", "directory")) -> Edges:
        """(activity, used or generated, file's name), without what programs bring along."""
        rows = self.query(
            "SELECT t.activity, e.relation, o.name, o.kind, o.path FROM edge e "
            "JOIN object o ON o.object_id = CASE e.relation WHEN 'used' THEN e.from_id "
            "ELSE e.to_id END "
            "JOIN task t ON t.task_id = CASE e.relation WHEN 'used' THEN e.to_id "
            "ELSE e.from_id END WHERE e.relation IN ('used', 'generated')"
        )
        return {
            (row["activity"], row["relation"], row["name"])
            for row in rows
            if row["kind"] not in hidden
            and (row["path"] is None or str(row["path"]).startswith(str(self.path)))
        }

    def processes(self, activity: str | None = None) -> list[dict[str, Any]]:
        where = f" WHERE activity = '{activity}'" if activity else ""
        rows = self.query(f"SELECT *, attributes FROM task{where} ORDER BY started_at")
        for row in rows:
            if isinstance(row["attributes"], str):
                row["attributes"] = json.loads(row["attributes"])
        return rows

    def why(self, name: str) -> str:
        return subprocess.run(
            [HEADRACE, "why", name],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            check=True,
            text=True,
        ).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")


def compiled(folder: Folder, source: str, *options: str, name: str = "program") -> Path:
    (folder.path / f"{name}.c").write_text(source)
    program = folder.path / name
    built = subprocess.run(
        ["gcc", "-O1", "-D_GNU_SOURCE", "-o", program, f"{program}.c", *options],
        capture_output=True,
        check=False,
        text=True,
    )
    if built.returncode != 0:
        pytest.skip(f"cannot build: {built.stderr[:200]}")
    (folder.path / f"{name}.c").unlink()
    return program


# --- lineage of a pipeline ---------------------------------------------------------------------


PIPELINE = "sort data.txt | uniq -c > counts.txt; awk '{print $2}' counts.txt > result.csv"


def test_a_shell_pipeline_is_told_whole(folder: Folder) -> None:
    (folder.path / "data.txt").write_text("b\na\nb\n")
    done = folder.run("sh", "-c", PIPELINE)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert folder.edges() == {
        ("sort", "used", "data.txt"),
        ("sort", "generated", "sort | uniq"),
        ("uniq", "used", "sort | uniq"),
        ("uniq", "generated", "counts.txt"),
        ("awk", "used", "counts.txt"),
        ("awk", "generated", "result.csv"),
    }
    (shell,) = folder.processes("sh")
    assert {row["parent_task_id"] for row in folder.processes() if row["activity"] != "sh"} == {
        shell["task_id"]
    }
    for row in folder.processes():
        assert row["status"] == "finished"
        assert row["attributes"]["mechanism"] == "shim"
        assert row["attributes"]["completeness"] == "paths"
        assert row["attributes"]["exit_code"] == 0
        assert row["attributes"]["max_rss_bytes"] > 0
    (workflow,) = folder.query("SELECT attributes FROM workflow")
    attributes = workflow["attributes"]
    attributes = json.loads(attributes) if isinstance(attributes, str) else attributes
    assert attributes["processes"] == {"paths": 4}
    inexact = folder.query("SELECT count(*) AS n FROM edge WHERE NOT exact")
    assert inexact == [{"n": 0}]


def test_why_tells_the_chain(folder: Folder) -> None:
    (folder.path / "data.txt").write_text("b\na\nb\n")
    folder.run("sh", "-c", PIPELINE)
    told = folder.why("result.csv")
    assert "was written by task awk" in told
    for word in ("counts.txt", "uniq", "sort", "data.txt"):
        assert word in told, told
    assert "lib" not in told.replace("library", ""), told


def test_two_runs_are_joined_by_a_file(folder: Folder) -> None:
    (folder.path / "data.txt").write_text("b\na\n")
    folder.run("sort", "data.txt", "-o", "sorted.txt")
    folder.run("cp", "sorted.txt", "copy.txt")
    told = folder.why("copy.txt")
    for word in ("cp", "sorted.txt", "sort", "data.txt"):
        assert word in told, told
    objects = folder.query("SELECT count(*) AS n FROM object WHERE name = 'sorted.txt'")
    assert objects == [{"n": 1}]


def test_the_same_bytes_have_one_identity_and_a_hash(folder: Folder) -> None:
    (folder.path / "data.txt").write_text("b\n")
    folder.run("cp", "data.txt", "copy.txt")
    rows = folder.query(
        "SELECT name, sha256, size_bytes FROM object WHERE kind = 'file' ORDER BY name"
    )
    sha = "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f"
    assert rows == [
        {"name": "copy.txt", "sha256": sha, "size_bytes": 2},
        {"name": "data.txt", "sha256": sha, "size_bytes": 2},
    ]


def test_no_files_turns_it_off(folder: Folder) -> None:
    (folder.path / "data.txt").write_text("b\n")
    done = folder.run("sh", "-c", "env; cp data.txt copy.txt", options=("--no-files",))
    assert b"libheadrace_box" not in done.stdout
    assert folder.edges() == set()
    assert [row["activity"] for row in folder.processes()] == ["sh"]


# --- what shells and tools do with files --------------------------------------------------------


def edges_of(folder: Folder, script: str) -> Edges:
    done = folder.run("bash", "-c", script)
    assert done.returncode == 0, done.stderr
    return {edge for edge in folder.edges() if edge[0] != "bash" or "|" not in edge[2]}


def test_redirections_belong_to_who_reads_and_writes(folder: Folder) -> None:
    (folder.path / "in.txt").write_text("2\n1\n")
    edges = edges_of(folder, "sort < in.txt > out.txt; { cat out.txt; ls -d /; } >> all.txt")
    assert edges == {
        ("sort", "used", "in.txt"),
        ("sort", "generated", "out.txt"),
        ("cat", "used", "out.txt"),
        ("cat", "generated", "all.txt"),
        ("ls", "generated", "all.txt"),
    }


def test_appending_keeps_what_was_there(folder: Folder) -> None:
    (folder.path / "log.txt").write_text("old\n")
    edges = edges_of(folder, "date >> log.txt; true")
    assert edges == {("date", "used", "log.txt"), ("date", "generated", "log.txt")}
    versions = folder.query("SELECT count(*) AS n FROM object WHERE name = 'log.txt'")
    assert versions == [{"n": 2}]


def test_an_inherited_descriptor_that_nobody_touches_is_no_input(folder: Folder) -> None:
    (folder.path / "list.txt").write_text("1\n2\n")
    edges = edges_of(folder, "while read x; do ls -d / >/dev/null; done < list.txt; true")
    assert edges == {("bash", "used", "list.txt")}


def test_sed_in_place_is_a_new_version_under_the_old_name(folder: Folder) -> None:
    need("sed")
    (folder.path / "a.txt").write_text("x\n")
    edges = edges_of(folder, "sed -i s/x/y/ a.txt; true")
    assert edges == {("sed", "used", "a.txt"), ("sed", "generated", "a.txt")}


def test_mv_and_ln_carry_lineage_to_the_new_name(folder: Folder) -> None:
    edges = edges_of(folder, "echo 1 > a; cat a > b; mv b c; ln c d; cat d > e")
    assert edges == {
        ("bash", "generated", "a"),
        ("cat", "used", "a"),
        ("cat", "generated", "b"),
        ("mv", "used", "b"),
        ("mv", "generated", "c"),
        ("ln", "used", "c"),
        ("ln", "generated", "d"),
        ("cat", "used", "d"),
        ("cat", "generated", "e"),
    }


def test_a_link_by_the_writer_and_an_exchange_tell_both_names(folder: Folder) -> None:
    (folder.path / "writes.py").write_text(
        "import os\n"
        "open('old.txt', 'w').write('old'); open('new.txt', 'w').write('newer')\n"
        "os.link('old.txt', 'kept.txt')\n"
    )
    source = (
        "#include <fcntl.h>\n#include <stdio.h>\n"
        'int main() { return renameat2(AT_FDCWD, "old.txt", AT_FDCWD, "new.txt", 2); }\n'
    )
    swap = compiled(folder, source, name="swap")
    folder.run(sys.executable, "writes.py")
    if folder.run(swap).returncode != 0:
        pytest.skip("this file system exchanges no names")
    folder.run("cat", "new.txt")
    assert folder.edges() == {
        *{("writes.py", "generated", name) for name in ("old.txt", "new.txt", "kept.txt")},
        *{("swap", how, name) for how in ("used", "generated") for name in ("old.txt", "new.txt")},
        ("cat", "used", "new.txt"),
    }
    rows = folder.query(
        "SELECT name, hex(sha256) AS hash FROM object "
        "WHERE name IN ('old.txt', 'kept.txt', 'new.txt')"
    )
    contents: dict[str, set[str]] = {}
    for row in rows:
        contents.setdefault(row["name"], set()).add(row["hash"])
    assert contents["kept.txt"] < contents["old.txt"] == contents["new.txt"]


def test_a_file_between_two_programs_that_is_removed_still_joins_them(folder: Folder) -> None:
    (folder.path / "in.txt").write_text("1\n")
    edges = edges_of(folder, "cat in.txt > part; cp part out.txt; rm part")
    assert edges == {
        ("cat", "used", "in.txt"),
        ("cat", "generated", "part"),
        ("cp", "used", "part"),
        ("cp", "generated", "out.txt"),
    }


def test_tar_and_gzip(folder: Folder) -> None:
    need("tar", "gzip")
    (folder.path / "one.txt").write_text("1\n")
    (folder.path / "two.txt").write_text("2\n")
    edges = edges_of(
        folder, "tar cf all.tar one.txt two.txt; mkdir new; tar xf all.tar -C new; gzip all.tar"
    )
    assert ("tar", "used", "one.txt") in edges
    assert ("tar", "used", "two.txt") in edges
    assert ("tar", "generated", "all.tar") in edges
    assert ("tar", "used", "all.tar") in edges
    assert ("gzip", "used", "all.tar") in edges
    assert ("gzip", "generated", "all.tar.gz") in edges
    new = folder.query(f"SELECT name FROM object WHERE path LIKE '{folder.path}/new/%'")
    assert {row["name"] for row in new} == {"one.txt", "two.txt"}


def test_git(folder: Folder) -> None:
    need("git")
    (folder.path / "a.txt").write_text("x\n")
    (folder.path / "b.txt").write_text("y\n")
    script = (
        "git init -q . && git -c user.name=n -c user.email=e@x add a.txt && "
        "git -c user.name=n -c user.email=e@x commit -q -m first && rm a.txt && "
        "git checkout -q a.txt"
    )
    edges = edges_of(folder, script)
    assert ("git", "used", "a.txt") in edges
    assert ("git", "generated", "a.txt") in edges
    assert not any(name == "b.txt" for _, _, name in edges)
    assert not any(name.endswith(".lock") for _, _, name in edges)


def test_sqlite_reads_and_writes_its_database(folder: Folder) -> None:
    need("sqlite3")
    edges = edges_of(
        folder,
        "sqlite3 x.db 'create table t(a); insert into t values (1);'; "
        "sqlite3 x.db 'select * from t' > rows.txt",
    )
    assert ("sqlite3", "generated", "x.db") in edges
    assert ("sqlite3", "used", "x.db") in edges
    assert ("sqlite3", "generated", "rows.txt") in edges
    made = folder.query(
        "SELECT count(*) AS n FROM edge WHERE relation = 'generated' AND to_id IN "
        "(SELECT object_id FROM object WHERE name = 'x.db')"
    )
    assert made == [{"n": 1}]


# --- languages and programs ---------------------------------------------------------------------


def test_python_and_its_children(folder: Folder) -> None:
    (folder.path / "in.txt").write_text("1\n")
    (folder.path / "program.py").write_text(
        "import subprocess\n"
        "text = open('in.txt').read()\n"
        "open('mid.txt', 'w').write(text * 2)\n"
        "subprocess.run(['sort', 'mid.txt', '-o', 'out.txt'], check=True)\n"
        "subprocess.run('cat out.txt > last.txt', shell=True, check=True)\n"
    )
    done = folder.run(sys.executable, "program.py")
    assert done.returncode == 0, done.stderr
    edges = folder.edges()
    assert edges >= {
        ("program.py", "used", "in.txt"),
        ("program.py", "generated", "mid.txt"),
        ("sort", "used", "mid.txt"),
        ("sort", "generated", "out.txt"),
        ("cat", "used", "out.txt"),
        ("cat", "generated", "last.txt"),
    }
    (environment,) = folder.query(
        "SELECT count(*) AS n FROM edge WHERE name = 'system_files' AND to_id IN "
        "(SELECT task_id FROM task WHERE activity = 'program.py')"
    )
    assert environment["n"] == 1


def test_gfortran(folder: Folder) -> None:
    need("gfortran")
    (folder.path / "p.f90").write_text(
        "program p\n integer :: i\n open(10, file='in.txt', status='old')\n read(10, *) i\n"
        " close(10)\n open(11, file='out.txt')\n write(11, *) i * 2\n close(11)\nend program\n"
    )
    (folder.path / "in.txt").write_text("21\n")
    done = folder.run("sh", "-c", "gfortran -o p p.f90 && ./p")
    assert done.returncode == 0, done.stderr
    edges = folder.edges()
    assert ("p", "used", "in.txt") in edges
    assert ("p", "generated", "out.txt") in edges
    assert ("p", "generated", "in.txt") not in edges  # opened for both, and only read
    told = folder.why("out.txt")
    for word in ("in.txt", "p.f90"):
        assert word in told, told


def test_java(folder: Folder) -> None:
    need("java")
    (folder.path / "P.java").write_text(
        "import java.nio.file.*;\n"
        "public class P { public static void main(String[] a) throws Exception {\n"
        ' Files.writeString(Path.of("out.txt"), Files.readString(Path.of("in.txt")) + "!");\n'
        "} }\n"
    )
    (folder.path / "in.txt").write_text("x")
    done = folder.run("java", "P.java")
    assert done.returncode == 0, done.stderr
    edges = folder.edges()
    assert ("java", "used", "in.txt") in edges
    assert ("java", "generated", "out.txt") in edges


def test_a_compile_job(folder: Folder) -> None:
    need("gcc", "make")
    (folder.path / "a.c").write_text('#include "a.h"\nint main(void) { return f(); }\n')
    (folder.path / "b.c").write_text('#include "a.h"\nint f(void) { return 0; }\n')
    (folder.path / "a.h").write_text("int f(void);\n")
    (folder.path / "Makefile").write_text(
        "p: a.o b.o\n\tgcc -o p a.o b.o\n%.o: %.c\n\tgcc -c -o $@ $<\n"
    )
    done = folder.run("make", "-j2")
    assert done.returncode == 0, done.stderr
    told = folder.why("p")
    for word in ("a.c", "b.c", "a.h"):
        assert word in told, told
    edges = folder.edges()
    assert any(e[1:] == ("used", "a.h") for e in edges)
    headers = folder.query("SELECT count(*) AS n FROM object WHERE path LIKE '/usr/include/%'")
    assert headers == [{"n": 0}]  # in the environment's list, not one by one


def test_mpi_ranks_and_not_their_launcher(folder: Folder) -> None:
    need("mpicc", "mpirun")
    source = (
        "#include <mpi.h>\n#include <stdio.h>\n"
        "int main(int c, char** v) { int r; MPI_Init(&c, &v); MPI_Comm_rank(MPI_COMM_WORLD, &r);"
        ' char n[32]; sprintf(n, "rank%d.txt", r); FILE* f = fopen(n, "w");'
        ' fprintf(f, "%d", r); fclose(f); MPI_Finalize(); return 0; }\n'
    )
    (folder.path / "m.c").write_text(source)
    subprocess.run(["mpicc", "-o", "m", "m.c"], cwd=folder.path, check=True, capture_output=True)
    done = folder.run(
        "mpirun",
        "--oversubscribe",
        "-n",
        "2",
        "./m",
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    )
    assert done.returncode == 0, done.stderr
    edges = folder.edges()
    assert ("m", "generated", "rank0.txt") in edges
    assert ("m", "generated", "rank1.txt") in edges
    assert not any(activity == "mpirun" for activity, _, _ in edges)
    assert len(folder.processes("m")) == 2


# --- processes come and go in all ways ----------------------------------------------------------


def test_a_killed_process_keeps_its_files(folder: Folder) -> None:
    script = (
        "import os, signal\n"
        "text = open('in.txt').read()\n"
        "out = open('out.txt', 'w')\nout.write(text)\nout.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (folder.path / "in.txt").write_text("1\n")
    (folder.path / "victim.py").write_text(script)
    done = folder.run("sh", "-c", f"{sys.executable} victim.py; cat out.txt > last.txt")
    assert done.returncode == 0
    edges = folder.edges()
    assert ("victim.py", "used", "in.txt") in edges
    assert ("victim.py", "generated", "out.txt") in edges
    assert ("cat", "used", "out.txt") in edges
    (victim,) = folder.processes("victim.py")
    assert victim["status"] == "failed"


def test_closing_every_descriptor_harms_nothing(folder: Folder) -> None:
    program = compiled(
        folder,
        "#include <fcntl.h>\n#include <unistd.h>\n"
        'int main(void) { closefrom(0); int f = open("out.txt", O_WRONLY | O_CREAT, 0644);'
        ' write(f, "x", 1); return f; }\n',
    )
    assert folder.run(program).returncode == 0
    assert ("program", "generated", "out.txt") in folder.edges()


SPAWNER = r"""
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(void) {
  pid_t p;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, "spawned.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  char *cat[] = {"cat", "in.txt", NULL};
  char *none[] = {NULL};
  if (posix_spawn(&p, "/bin/cat", &files, NULL, cat, none) != 0) return 1;
  waitpid(p, NULL, 0);
  if ((p = vfork()) == 0) {
    char *cp[] = {"cp", "in.txt", "vforked.txt", NULL};
    execv("/bin/cp", cp);
    _exit(127);
  }
  waitpid(p, NULL, 0);
  FILE *pipe = popen("cat in.txt", "r");
  char line[16];
  if (fgets(line, sizeof line, pipe) == NULL) return 2;
  pclose(pipe);
  return system("cp in.txt shelled.txt");
}
"""


def test_every_way_to_start_a_program(folder: Folder) -> None:
    (folder.path / "in.txt").write_text("1\n")
    program = compiled(folder, SPAWNER)
    done = folder.run(program)
    assert (done.returncode, done.stdout) == (0, b"")
    edges = folder.edges()
    for name in ("spawned.txt", "vforked.txt", "shelled.txt"):
        assert any(e[1:] == ("generated", name) for e in edges), edges
    starter = folder.processes("program")[0]
    parents = {row["task_id"]: row["parent_task_id"] for row in folder.processes()}
    for row in folder.processes():
        if row["activity"] in ("cp", "cat"):
            above = parents[row["task_id"]]
            assert starter["task_id"] in (above, parents.get(above)), row


FORKER = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static void *work(void *number) {
  for (int i = 0; i < 5; ++i) {
    pid_t p = fork();
    if (p == 0) {
      char name[64];
      sprintf(name, "out.%ld.%d", (long)number, i);
      int f = open(name, O_WRONLY | O_CREAT, 0644);
      write(f, "x", 1);
      _exit(0);
    }
    waitpid(p, NULL, 0);
  }
  return NULL;
}
"""
IN_FOUR_THREADS = """
int main(void) {
  pthread_t threads[4];
  for (long i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, work, (void *)i);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  return 0;
}
"""


def test_forks_in_threads(folder: Folder) -> None:
    program = compiled(folder, FORKER + IN_FOUR_THREADS, "-pthread")
    assert folder.run(program).returncode == 0
    made = {name for _, how, name in folder.edges() if how == "generated"}
    assert made == {f"out.{t}.{i}" for t in range(4) for i in range(5)}
    assert len(folder.processes("program")) == 21


# Forks that libc does not see, before a process has said much and afterwards, and a child that has
# its parent's memory.
RAW_FORKER = r"""
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void make(const char *name) {
  int f = open(name, O_WRONLY | O_CREAT, 0644);
  write(f, "x", 1);
  close(f);
}
static long raw_fork(void) {
  long p;
  __asm__ volatile("syscall" : "=a"(p) : "a"((long)SYS_fork) : "rcx", "r11", "memory");
  return p;
}
static void child(const char *name) {
  if (raw_fork() == 0) {
    make(name);
    _exit(0);
  }
  wait(NULL);
}
static int sharing(void *name) {
  make(name);
  syscall(SYS_exit, 0);
  return 0;
}
static char stack[65536];
int main(void) {
  child("early.txt");
  make("own.txt");
  clone(sharing, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, "sharing.txt");
  wait(NULL);
  for (int i = 0; i < 40; ++i) {
    char name[32];
    sprintf(name, "many.%d", i);
    make(name);
  }
  child("late.txt");
  make("last.txt");
  return 3;
}
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="its system call is x86-64's")
def test_a_fork_that_libc_does_not_see_is_a_process_of_its_own(folder: Folder) -> None:
    program = compiled(folder, RAW_FORKER)
    assert folder.run(program).returncode == 3
    rows = folder.query(
        "SELECT o.name, e.from_id AS task FROM edge e JOIN object o ON o.object_id = e.to_id "
        "WHERE e.relation = 'generated' AND o.kind = 'file'"
    )
    made = {row["name"]: row["task"] for row in rows}
    own = {"own.txt", "sharing.txt", "last.txt", *(f"many.{i}" for i in range(40))}
    assert set(made) == own | {"early.txt", "late.txt"}
    assert len({made[name] for name in own}) == 1
    assert len(set(made.values())) == 3
    parent, *children = folder.processes("program")
    assert (parent["attributes"]["exit_code"], len(children)) == (3, 2)


WRITER = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *work(void *number) {
  for (int i = 0; i < 300; ++i) {
    char name[64];
    sprintf(name, "out.%ld.%d", (long)number, i);
    int f = open(name, O_WRONLY | O_CREAT, 0644);
    write(f, "x", 1);
    close(f);
  }
  return NULL;
}
"""


def test_a_log_grows_under_threads(folder: Folder) -> None:
    program = compiled(folder, WRITER + IN_FOUR_THREADS, "-pthread")
    assert folder.run(program).returncode == 0
    made = {name for _, how, name in folder.edges() if how == "generated"}
    assert made == {f"out.{t}.{i}" for t in range(4) for i in range(300)}
    (process,) = folder.processes("program")
    assert process["attributes"]["completeness"] == "paths"


def test_a_pool_of_many_processes(folder: Folder) -> None:
    (folder.path / "pool.py").write_text(
        "import os\n"
        "for i in range(200):\n"
        "    if os.fork() == 0:\n"
        "        open(f'out.{i}', 'w').write(str(i))\n"
        "        os._exit(0)\n"
        "for i in range(200): os.wait()\n"
    )
    done = folder.run(sys.executable, "pool.py")
    assert done.returncode == 0, done.stderr
    made = {name for _, how, name in folder.edges() if how == "generated"}
    assert made == {f"out.{i}" for i in range(200)}
    assert len(folder.processes()) == 201


def test_a_cleared_environment_hides_nothing(folder: Folder) -> None:
    (folder.path / "in.txt").write_text("1\n")
    done = folder.run("env", "-i", "/bin/sh", "-c", "/bin/cat in.txt > out.txt")
    assert done.returncode == 0
    edges = folder.edges()
    assert ("cat", "used", "in.txt") in edges
    assert ("cat", "generated", "out.txt") in edges


@pytest.mark.parametrize("sanitizer", ["address", "thread", "undefined"])
def test_sanitizers_do_not_mind(folder: Folder, sanitizer: str) -> None:
    program = compiled(
        folder,
        '#include <stdio.h>\nint main(void) { FILE* f = fopen("out.txt", "w");'
        ' fprintf(f, "x"); fclose(f); puts("done"); return 0; }\n',
        f"-fsanitize={sanitizer}",
    )
    if folder.bare(program).returncode != 0:
        pytest.skip(f"-fsanitize={sanitizer} does not run here")
    done = folder.run("sh", "-c", "./program && env -i ./program")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"done\ndone\n", b"")
    assert ("program", "generated", "out.txt") in folder.edges()


def test_a_static_program_is_marked_and_runs(folder: Folder) -> None:
    compiled(
        folder,
        '#include <stdio.h>\nint main(void) { FILE* f = fopen("out.txt", "w");'
        ' fprintf(f, "x"); fclose(f); puts("done"); return 3; }\n',
        "-static",
    )
    done = folder.run("sh", "-c", "./program; echo $?")
    assert done.stdout == b"done\n3\n"
    (seen,) = folder.processes("program")
    assert seen["attributes"]["completeness"] == "none"
    assert seen["attributes"]["mechanism"] == "proc"
    assert "static" in seen["attributes"]["blind"]["why"]


def test_a_program_behaves_as_without(folder: Folder) -> None:
    program = (
        "import errno, os, resource, sys\n"
        "try: open('/no/such/file')\n"
        "except OSError as e: print(e.errno)\n"
        "print(sorted(os.listdir('/proc/self/fd'))[:-1])\n"
        "print(os.dup2(1, 9), os.pipe(), resource.getrlimit(resource.RLIMIT_FSIZE))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "print(os.waitstatus_to_exitcode(os.system('exit 5')))\n"
        "print(os.popen('echo hello').read())\n"
    )
    (folder.path / "program.py").write_text(program)
    bare = folder.bare(sys.executable, "program.py")
    done = folder.run(sys.executable, "program.py")
    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)


def test_a_file_belongs_to_the_task_that_opened_it(folder: Folder) -> None:
    (folder.path / "in.txt").write_text("1\n")
    (folder.path / "program.py").write_text(
        "import subprocess\nimport headrace as hr\n"
        "@hr.task\n"
        "def load():\n"
        "    return len(open('in.txt').read())\n"
        "@hr.task\n"
        "def save(n):\n"
        "    open('out.txt', 'w').write('x' * n)\n"
        "    subprocess.run(['cp', 'out.txt', 'copy.txt'], check=True)\n"
        "save(load())\n"
    )
    done = folder.run(sys.executable, "program.py")
    assert done.returncode == 0, done.stderr
    edges = folder.edges()
    assert edges >= {
        ("load", "used", "in.txt"),
        ("save", "generated", "out.txt"),
        ("cp", "used", "out.txt"),
        ("cp", "generated", "copy.txt"),
    }
    assert ("program.py", "used", "in.txt") not in edges
    (save,) = folder.processes("save")
    (copy,) = folder.processes("cp")
    assert copy["parent_task_id"] == save["task_id"]


def test_what_a_killed_headrace_saw_is_recorded_by_the_next(folder: Folder) -> None:
    (folder.path / "in.txt").write_text("1\n")
    process = subprocess.Popen(
        [HEADRACE, "run", "-q", "--", "sh", "-c", "sort -o out.txt in.txt; echo ready; sleep 600"],
        cwd=folder.path,
        env=folder.environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    folder.run("true")
    os.killpg(process.pid, signal.SIGKILL)  # what it ran
    edges = folder.edges()
    assert ("sort", "generated", "out.txt") in edges
    (sort,) = folder.processes("sort")
    (after,) = folder.processes("true")
    assert sort["parent_task_id"] is not None
    assert sort["workflow_id"] != after["workflow_id"]


def test_nothing_is_left_behind(folder: Folder) -> None:
    here = Path(f"/dev/shm/headrace-{os.geteuid()}")
    folder.run("sh", "-c", "ls > list.txt")
    (workflow,) = folder.query("SELECT workflow_id FROM workflow")
    assert not list(here.glob(f"box-{workflow['workflow_id']}*"))
    assert not list(folder.store.glob("box/*"))


def test_the_library_exports_what_its_table_says(folder: Folder) -> None:
    need("nm")
    table = (ROOT / "src/box/shim/symbols.def").read_text()
    rows = [
        line[len("HEADRACE_WRAPPED(") : -1].split(", ")
        for line in table.splitlines()
        if line.startswith("HEADRACE_WRAPPED(")
    ]
    names = [name for name, _ in rows]
    assert len(names) == len(set(names))

    def symbols(library: str | Path) -> set[str]:
        text = subprocess.run(
            ["nm", "-D", "--defined-only", library], capture_output=True, check=True, text=True
        ).stdout
        return {line.split()[-1].split("@")[0] for line in text.splitlines()}

    assert symbols(SHIM) == {*names, "headrace_box_set_current_task"}
    maps = subprocess.run(["ldd", "/bin/sh"], capture_output=True, check=True, text=True).stdout
    (libc,) = [word for word in maps.split() if word.endswith("/libc.so.6")]
    missing = {name for name, since in rows if since == "always"} - symbols(libc)
    assert not missing
    needed = subprocess.run(["ldd", SHIM], capture_output=True, check=False, text=True).stdout
    assert "libstdc++" not in needed
    assert "libc.so" not in needed
