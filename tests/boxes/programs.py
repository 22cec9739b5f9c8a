"""Real programs that use files, each in every way that matters for lineage."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    name: str
    tools: tuple[str, ...]  # skipped where one is missing
    command: tuple[str, ...]
    prepare: Callable[[Path], None]
    closed: bool = False  # to a preloaded library: only --deep sees it


CASES: list[Case] = []


def case(
    *command: str, tools: str = "", closed: bool = False
) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def add(prepare: Callable[[Path], None]) -> Callable[[Path], None]:
        needs = tuple(tools.split()) or (command[0],)
        CASES.append(Case(prepare.__name__, needs, command, prepare, closed))
        return prepare

    return add


def build(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def table(path: Path, rows: int = 50) -> None:
    path.write_text("".join(f"{i},{(i * 7919) % 1000},{i % 3}\n" for i in range(rows)))


# --- shells and their tools -------------------------------------------------------------------


@case("sh", "run.sh", tools="sh awk sort")
def shell_pipeline(folder: Path) -> None:
    table(folder / "table.csv")
    (folder / "run.sh").write_text("""
set -e
cat table.csv | awk -F, '$2 > 300' | sort -t, -k2n > sorted.csv
wc -l < sorted.csv > count.txt
echo done >> log.txt
echo again >> log.txt
exec 5<table.csv
read first <&5
echo "$first" > first.txt
exec 5<&-
cat <<END > here.txt
$(head -n 1 sorted.csv)
END
: > empty.txt
cp sorted.csv copy.csv
mv copy.csv moved.csv
ln moved.csv hard.csv
ln -s moved.csv soft.csv
rm first.txt
mkdir -p a/b
cp -r a other
rmdir a/b
""")


@case("bash", "run.sh")
def bash_with_substitution(folder: Path) -> None:
    table(folder / "one.csv")
    table(folder / "two.csv", 60)
    (folder / "run.sh").write_text("""
set -e
comm -12 <(sort one.csv) <(sort two.csv) > both.csv
while read -r line; do echo "${line%%,*}"; done < both.csv > first.txt
tee a.txt b.txt < first.txt > /dev/null
paste a.txt b.txt > ab.txt
""")


@case("sed", "-i", "s/1/one/", "text.txt", "more.txt")
def sed_in_place(folder: Path) -> None:
    (folder / "text.txt").write_text("1 2 3\n")
    (folder / "more.txt").write_text("3 2 1\n")


@case("sort", "-S", "64k", "--parallel=1", "-o", "sorted.txt", "numbers.txt")
def sort_that_spills(folder: Path) -> None:
    (folder / "numbers.txt").write_text(
        "".join(f"{(i * 2654435761) % 2**32:010d}\n" for i in range(30000))
    )


@case("awk", "-f", "split.awk", "table.csv")
def awk_writes_files(folder: Path) -> None:
    table(folder / "table.csv")
    (folder / "split.awk").write_text('BEGIN{FS=","} {print $2 > ("class" $3 ".txt")}\n')


@case("sh", "-c", "find . -name '*.csv' -print0 | xargs -0 gzip -k", tools="find xargs gzip")
def find_and_xargs(folder: Path) -> None:
    for name in ("a.csv", "deep/b.csv", "deep/er/c.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        table(folder / name)


@case(
    "sh",
    "-c",
    "tar czf all.tar.gz data && mkdir out && tar xzf all.tar.gz -C out",
    tools="tar gzip",
)
def tar_and_back(folder: Path) -> None:
    (folder / "data/in").mkdir(parents=True)
    table(folder / "data/table.csv")
    table(folder / "data/in/other.csv")
    (folder / "data/link").symlink_to("table.csv")


@case("sh", "run.sh", tools="git")
def git_commit(folder: Path) -> None:
    table(folder / "table.csv")
    (folder / "run.sh").write_text("""
set -e
git init -q .
git add table.csv
git -c user.name=n -c user.email=e@x commit -q -m first
echo more >> table.csv
git -c user.name=n -c user.email=e@x commit -q -a -m second
""")


# --- compilers --------------------------------------------------------------------------------


@case("gcc", "-O1", "one.c", "two.c", "-o", "program")
def gcc_compiles_and_links(folder: Path) -> None:
    (folder / "one.c").write_text('#include "two.h"\nint main(void) { return two(); }\n')
    (folder / "two.h").write_text("int two(void);\n")
    (folder / "two.c").write_text("int two(void) { return 0; }\n")


@case("make", "-j2", "all", tools="make gcc")
def make_in_parallel(folder: Path) -> None:
    (folder / "one.c").write_text("int two(void);\nint main(void) { return two(); }\n")
    (folder / "two.c").write_text("int two(void) { return 0; }\n")
    (folder / "Makefile").write_text(
        "all: program listing.txt\n"
        "program: one.o two.o\n\tgcc -o $@ $^\n"
        "listing.txt: program\n\t./program && ls *.o > $@\n"
        "%.o: %.c\n\tgcc -c -o $@ $<\n"
    )


# --- languages --------------------------------------------------------------------------------


@case("python3", "program.py")
def python_with_sqlite(folder: Path) -> None:
    table(folder / "table.csv")
    (folder / "program.py").write_text("""
import csv, json, os, shutil, sqlite3, subprocess, tempfile
rows = list(csv.reader(open("table.csv")))
with sqlite3.connect("rows.db") as db:
    db.execute("CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)")
    db.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
with sqlite3.connect("rows.db") as db:
    total, = db.execute("SELECT sum(b) FROM t").fetchone()
json.dump({"total": total}, open("total.json", "w"))
with tempfile.NamedTemporaryFile("w", dir=".", delete=False) as out:
    out.write("x")
os.replace(out.name, "replaced.txt")
shutil.copyfile("total.json", "copied.json")
with open("both.bin", "w+b") as out:
    out.write(b"12345")
    out.seek(0)
    out.read()
with open("table.csv", "r+b") as same:
    same.read(4)
os.truncate("copied.json", 3)
with tempfile.TemporaryDirectory() as folder:
    open(os.path.join(folder, "part"), "w").close()
names = sorted(os.listdir("."))
subprocess.run(["sh", "-c", "wc -c < total.json > size.txt"], check=True)
""")


@case("python3", "program.py")
def python_pool(folder: Path) -> None:
    for i in range(8):
        (folder / f"in{i}.txt").write_text(str(i))
    (folder / "program.py").write_text("""
import concurrent.futures, multiprocessing, threading
def work(i):
    with open(f"in{i}.txt") as source, open(f"out{i}.txt", "w") as out:
        out.write(source.read() * 2)
if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    with multiprocessing.Pool(4) as pool:
        pool.map(work, range(4))
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4, 8)))
""")


@case("perl", "program.pl")
def perl_in_place(folder: Path) -> None:
    (folder / "text.txt").write_text("1 2 3\n")
    (folder / "program.pl").write_text("""
open(my $in, '<', 'text.txt') or die; my @lines = <$in>; close $in;
open(my $out, '>', 'lines.txt') or die; print $out scalar(@lines); close $out;
open(my $both, '+<', 'text.txt') or die; seek($both, 0, 2); print $both "more\\n"; close $both;
system('cat lines.txt > catted.txt') == 0 or die;
my $listing = `ls`; open(my $l, '>>', 'listing.txt') or die; print $l $listing; close $l;
rename 'lines.txt', 'renamed.txt' or die; unlink 'catted.txt' or die;
""")


@case("node", "program.js")
def node_files(folder: Path) -> None:
    (folder / "in.json").write_text('{"a": 1}')
    (folder / "program.js").write_text("""
const fs = require('fs');
const value = JSON.parse(fs.readFileSync('in.json'));
fs.writeFileSync('out.json', JSON.stringify({...value, b: 2}));
fs.appendFileSync('log.txt', 'one\\n');
fs.copyFileSync('out.json', 'copy.json');
fs.renameSync('copy.json', 'moved.json');
fs.promises.writeFile('later.txt', 'x')
  .then(() => fs.promises.readFile('later.txt'))
  .then(() => fs.promises.unlink('log.txt'))
  .then(() => fs.createReadStream('in.json').pipe(fs.createWriteStream('streamed.json')));
""")


@case("java", "-Xshare:auto", "-cp", ".", "Program", tools="java javac")
def java_files(folder: Path) -> None:
    table(folder / "table.csv")
    (folder / "Program.java").write_text("""
import java.io.*;
import java.nio.file.*;
public class Program {
  public static void main(String[] a) throws Exception {
    var lines = Files.readAllLines(Path.of("table.csv"));
    Files.writeString(Path.of("count.txt"), "" + lines.size());
    try (var in = new FileInputStream("table.csv"); var out = new FileOutputStream("copy.csv")) {
      in.transferTo(out);
    }
    try (var both = new RandomAccessFile("random.bin", "rw")) { both.writeInt(7); }
    Files.move(Path.of("copy.csv"), Path.of("moved.csv"));
    Files.copy(Path.of("moved.csv"), Path.of("again.csv"));
    Files.delete(Path.of("count.txt"));
    var part = Files.createTempFile(Path.of("."), "part", ".tmp");
    Files.move(part, Path.of("part.txt"), StandardCopyOption.ATOMIC_MOVE);
    var child = new ProcessBuilder("sh", "-c", "cat moved.csv");
    child.redirectOutput(new File("sh.txt")).start().waitFor();
  }
}
""")
    build(folder, "javac", "Program.java")


@case("./program", tools="gfortran")
def fortran(folder: Path) -> None:
    (folder / "in.txt").write_text("1.5 2.5\n")
    (folder / "program.f90").write_text("""
program main
  real :: a, b
  open(10, file='in.txt', status='old')
  read(10, *) a, b
  close(10)
  open(11, file='out.txt', status='replace')
  write(11, *) a + b
  close(11)
  open(12, file='out.bin', form='unformatted', access='stream')
  write(12) a, b
  close(12)
  open(13, file='out.txt', status='old', position='append')
  write(13, *) 'more'
  close(13)
  open(14, status='scratch')
  write(14, *) a
  close(14)
  open(15, file='gone.txt')
  close(15, status='delete')
end program
""")
    build(folder, "gfortran", "program.f90", "-o", "program")


@case("Rscript", "--vanilla", "program.R")
def r_script(folder: Path) -> None:
    (folder / "table.csv").write_text("a,b\n1,2\n3,4\n")
    (folder / "program.R").write_text("""
rows <- read.csv("table.csv")
write.csv(colMeans(rows), "means.csv")
saveRDS(rows, "rows.rds")
same <- readRDS("rows.rds")
invisible(file.rename("means.csv", "renamed.csv"))
""")


@case("sqlite3", "rows.db", ".read load.sql")
def sqlite_shell(folder: Path) -> None:
    table(folder / "table.csv")
    (folder / "load.sql").write_text("""
CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER);
.mode csv
.import table.csv t
.output out.csv
SELECT c, sum(b) FROM t GROUP BY c;
.output stdout
UPDATE t SET b = b + 1;
VACUUM;
""")


@case(
    "mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", "./program", tools="mpirun mpicc"
)
def mpi_ranks(folder: Path) -> None:
    table(folder / "in.txt")
    (folder / "program.c").write_text("""
#include <mpi.h>
#include <stdio.h>
int main(int argc, char** argv) {
  int rank;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  char name[64], line[64] = "";
  FILE* in = fopen("in.txt", "r");
  fgets(line, sizeof line, in);
  fclose(in);
  sprintf(name, "rank%d.txt", rank);
  FILE* out = fopen(name, "w");
  fputs(line, out);
  fclose(out);
  MPI_File file;
  MPI_File_open(MPI_COMM_WORLD, "all.bin", MPI_MODE_CREATE | MPI_MODE_WRONLY, MPI_INFO_NULL, &file);
  MPI_File_write_at(file, rank * sizeof rank, &rank, 1, MPI_INT, MPI_STATUS_IGNORE);
  MPI_File_close(&file);
  MPI_Finalize();
  return 0;
}
""")
    build(folder, "mpicc", "program.c", "-o", "program")


# --- system calls that few programs make ------------------------------------------------------

EVERYTHING = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static void fill(int fd) { if (write(fd, "12345678", 8) != 8) exit(9); }

int main(void) {
  char name[] = "madeXXXXXX", other[] = "withXXXXXX.end", folder[] = "folderXXXXXX";
  int fd = mkstemp(name);
  fill(fd);
  close(fd);
  rename(name, "made.txt");
  fd = mkostemps(other, 4, O_CLOEXEC);
  fill(fd);
  close(fd);
  renameat2(AT_FDCWD, other, AT_FDCWD, "made.txt", RENAME_EXCHANGE);
  renameat(AT_FDCWD, other, AT_FDCWD, "with.txt");
  mkdtemp(folder);
  int in = open(folder, O_DIRECTORY | O_RDONLY);
  fd = openat(in, "inside.txt", O_CREAT | O_WRONLY, 0644);
  fill(fd);
  close(fd);
  renameat(in, "inside.txt", AT_FDCWD, "inside.txt");
  close(in);
  rmdir(folder);
  FILE* nameless = tmpfile();
  fputs("x", nameless);
  fclose(nameless);
  fd = open(".", O_TMPFILE | O_RDWR, 0644);
  if (fd >= 0) {
    char self[64];
    fill(fd);
    sprintf(self, "/proc/self/fd/%d", fd);
    linkat(AT_FDCWD, self, AT_FDCWD, "named.txt", AT_SYMLINK_FOLLOW);
    close(fd);
  }
  DIR* listing = opendir(".");
  while (readdir(listing) != NULL) {}
  closedir(listing);
  int from = open("in.txt", O_RDONLY), to = creat("copied.txt", 0644);
  copy_file_range(from, NULL, to, NULL, 4, 0);
  sendfile(to, from, NULL, 4);
  int again = dup2(to, 77);
  close(to);
  fill(again);
  close(again);
  close(from);
  fd = open("mapped.bin", O_RDWR | O_CREAT, 0644);
  if (ftruncate(fd, 4096) != 0) return 8;
  char* memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  memory[0] = 1;
  munmap(memory, 4096);
  fd = open("old.bin", O_RDWR);
  if (read(fd, name, 1) != 1) return 7;
  close(fd);
  if (truncate("in.txt", 4) != 0) return 6;
  FILE* stream = fopen("stream.txt", "w+");
  fputs("text", stream);
  stream = freopen("again.txt", "a", stream);
  fputs("text", stream);
  fclose(stream);
  unlinkat(AT_FDCWD, "again.txt", 0);
  remove("stream.txt");
  link("named.txt", "hard.txt");
  symlink("hard.txt", "soft.txt");
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "old.bin", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "spawned.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  char* words[] = {"cat", NULL};
  pid_t child;
  if (posix_spawnp(&child, "cat", &files, NULL, words, environ) != 0) return 5;
  waitpid(child, NULL, 0);
  if (system("cat spawned.txt > system.txt") != 0) return 4;
  FILE* pipe = popen("cat > popened.txt", "w");
  fputs("x", pipe);
  pclose(pipe);
  if (vfork() == 0) {
    execlp("cp", "cp", "old.bin", "vforked.bin", NULL);
    _exit(1);
  }
  wait(NULL);
  if (fork() == 0) {
    fd = open("forked.txt", O_CREAT | O_WRONLY, 0644);
    fill(fd);
    _exit(0);
  }
  wait(NULL);
  if (open("no/such/file", O_RDONLY) >= 0 || rename("none", "nothing") == 0) return 3;
  closefrom(3);
  fd = open("last.txt", O_CREAT | O_WRONLY | O_APPEND, 0644);
  fill(fd);
  _exit(0);
}
"""


def everything(folder: Path, *options: str) -> None:
    (folder / "in.txt").write_text("12345678")
    (folder / "old.bin").write_bytes(b"old")
    (folder / "everything.c").write_text(EVERYTHING)
    build(folder, "gcc", "-O1", "-w", "everything.c", "-o", "program", *options)


@case("./program", tools="gcc")
def c_everything(folder: Path) -> None:
    everything(folder, "-D_FORTIFY_SOURCE=2")


@case("./program", tools="gcc")
def c_everything_64(folder: Path) -> None:
    everything(folder, "-D_FILE_OFFSET_BITS=64")


# --- closed to a preloaded library ------------------------------------------------------------


@case("./program", tools="gcc", closed=True)
def static_everything(folder: Path) -> None:
    everything(folder, "-static")


@case("./program", tools="go", closed=True)
def go_program(folder: Path) -> None:
    (folder / "in.txt").write_text("1\n2\n3\n")
    (folder / "main.go").write_text("""
package main

import (
	"os"
	"os/exec"
	"sync"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	text, err := os.ReadFile("in.txt")
	check(err)
	check(os.WriteFile("out.txt", append(text, text...), 0o644))
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		all.Add(1)
		go func(name string) {
			defer all.Done()
			check(os.WriteFile(name+".tmp", text, 0o644))
			check(os.Rename(name+".tmp", name+".txt"))
		}(name)
	}
	all.Wait()
	f, err := os.OpenFile("log.txt", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	check(err)
	f.WriteString("x")
	check(f.Close())
	check(os.Remove("d.txt"))
	command := exec.Command("cat", "a.txt")
	out, err := os.Create("command.txt")
	check(err)
	command.Stdout = out
	check(command.Run())
	check(out.Close())
}
""")
    build(folder, "go", "build", "-o", "program", "main.go")


@case("./program", tools="gcc", closed=True)
def raw_system_calls(folder: Path) -> None:
    (folder / "in.txt").write_text("12345678")
    (folder / "program.c").write_text(r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
  char text[8];
  struct open_how how = {.flags = O_RDONLY};
  int in = syscall(SYS_openat2, AT_FDCWD, "in.txt", &how, sizeof how);
  if (in < 0) in = syscall(SYS_openat, AT_FDCWD, "in.txt", O_RDONLY, 0);
  int out = syscall(SYS_openat, AT_FDCWD, "out.txt", O_WRONLY | O_CREAT, 0644);
  if (syscall(SYS_read, in, text, 8) != 8 || syscall(SYS_write, out, text, 8) != 8) return 1;
  syscall(SYS_close, out);
  syscall(SYS_renameat2, AT_FDCWD, "out.txt", AT_FDCWD, "final.txt", 0);
  return 0;
}
""")
    build(folder, "gcc", "program.c", "-o", "program")


@case("env", "-i", "/bin/sh", "-c", "/bin/cat in.txt > out.txt", closed=True)
def cleared_environment(folder: Path) -> None:
    (folder / "in.txt").write_text("1")


def available(one: Case) -> bool:
    return all(shutil.which(tool) for tool in one.tools)
