#include "box/lineage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "box/log_for_test.h"

namespace headrace::box {
namespace {

using Edges = std::set<std::string>;  // "sort used /site/a", a ~ before what is inferred

class LineageOf {
 public:
  explicit LineageOf(const std::vector<ImageForTest>& images,
                     const std::map<std::string, FileForTest>& now = {}) {
    for (const ImageForTest& image : images) logs_.push_back(image.log());
    FileSystemNow seam;
    seam.state = [now](const std::string& path) {
      const auto found = now.find(path);
      FileState state;
      if (found == now.end()) return state;
      state = {1,
               found->second.ino,
               found->second.size_bytes,
               found->second.mtime_ns,
               found->second.mtime_ns,
               true};
      return state;
    };
    seam.canonical = [](const std::string& path) { return path; };
    lineage = lineage_of(logs_, {"/site", {}, ""}, seam);
  }

  Edges edges() const {
    Edges out;
    for (const EntityUse& use : lineage.uses) {
      out.insert(lineage.processes[use.process].name() +
                 (use.is_generated ? " generated " : " used ") + (use.is_exact ? "" : "~") +
                 lineage.entities[use.entity].path);
    }
    return out;
  }
  // The version that a process used (or generated) of a path.
  size_t entity(const std::string& process, bool generated, const std::string& path) const {
    for (const EntityUse& use : lineage.uses) {
      if (lineage.processes[use.process].name() == process && use.is_generated == generated &&
          lineage.entities[use.entity].path == path) {
        return use.entity;
      }
    }
    ADD_FAILURE() << process << " has no " << path;
    return SIZE_MAX;
  }

  BoxLineage lineage;

 private:
  std::vector<ImageLog> logs_;
};

constexpr FileForTest kIn{10, 5, 1};
constexpr FileForTest kEmpty{20, 0, 100};
constexpr FileForTest kFull{20, 7, 110};

TEST(Lineage, ReadingAndWritingAreToldByTheFlags) {
  ImageForTest cp(7, 100);
  cp.start("/usr/bin/cp").open("in", O_RDONLY, kIn, 3);
  cp.open("out", O_WRONLY | O_CREAT | O_TRUNC, kEmpty, 4).close(4, kFull).exit();
  EXPECT_EQ(LineageOf({cp}).edges(), (Edges{"cp used /site/in", "cp generated /site/out"}));
}

TEST(Lineage, OpenForBothIsReadUnlessItChanged) {
  ImageForTest reads(7, 100);
  reads.start("/usr/bin/reads").open("in", O_RDWR, kIn).close(3, kIn).exit();
  EXPECT_EQ(LineageOf({reads}).edges(), Edges{"reads used /site/in"});

  ImageForTest changes(7, 100);
  changes.start("/usr/bin/changes").open("in", O_RDWR, kIn).close(3, {10, 9, 50}).exit();
  const LineageOf changed({changes});
  EXPECT_EQ(changed.edges(), (Edges{"changes used /site/in", "changes generated /site/in"}));
  EXPECT_NE(changed.entity("changes", false, "/site/in"),
            changed.entity("changes", true, "/site/in"));
}

TEST(Lineage, AKilledWritersFileIsWhatTheNextOneFinds) {
  ImageForTest writer(7, 100);
  writer.start("/usr/bin/writer").open("out", O_WRONLY | O_CREAT | O_TRUNC, kEmpty);
  ImageForTest reader(8, 200);
  reader.start("/usr/bin/reader").open("out", O_RDONLY, kFull).exit();
  const LineageOf lineage({writer, reader});
  EXPECT_EQ(lineage.edges(), (Edges{"writer generated /site/out", "reader used /site/out"}));
  EXPECT_EQ(lineage.entity("writer", true, "/site/out"),
            lineage.entity("reader", false, "/site/out"));
  EXPECT_FALSE(lineage.lineage.processes[0].has_exit);
}

TEST(Lineage, ANewVersionIsAnotherThing) {
  ImageForTest first(7, 100);
  first.start("/usr/bin/first").open("f", O_WRONLY | O_CREAT | O_TRUNC, kEmpty);
  first.close(3, kFull).exit();
  ImageForTest reader(8, 200);
  reader.start("/usr/bin/reader").open("f", O_RDONLY, kFull).exit();
  ImageForTest second(9, 300);
  second.start("/usr/bin/second").open("f", O_WRONLY | O_TRUNC, {20, 0, 305});
  second.close(3, {20, 3, 310}).exit();
  const LineageOf lineage({first, reader, second});
  const size_t old = lineage.entity("first", true, "/site/f");
  EXPECT_EQ(lineage.entity("reader", false, "/site/f"), old);
  EXPECT_NE(lineage.entity("second", true, "/site/f"), old);
}

TEST(Lineage, AppendingAThousandTimesIsOneVersion) {
  ImageForTest logger(7, 100);
  logger.start("/usr/bin/logger");
  for (int i = 0; i < 1000; ++i) {
    logger.open("log", O_WRONLY | O_CREAT | O_APPEND, {20, i, 100 + i});
    logger.close(3, {20, i + 1, 101 + i});
  }
  logger.exit();
  const LineageOf lineage({logger});
  EXPECT_EQ(lineage.edges(), Edges{"logger generated /site/log"});
  EXPECT_EQ(lineage.lineage.uses.size(), 1u);

  // Unless somebody reads in between.
  ImageForTest writer(7, 100);
  writer.start("/usr/bin/writer").open("log", O_WRONLY | O_CREAT, {20, 0, 100}).close(3, kFull);
  ImageForTest reader(8, 200);
  reader.start("/usr/bin/reader").open("log", O_RDONLY, kFull).exit();
  writer.at(300).open("log", O_WRONLY | O_APPEND, kFull).close(3, {20, 9, 310}).exit();
  const LineageOf shared({writer, reader});
  EXPECT_EQ(shared.edges(), (Edges{"writer generated /site/log", "reader used /site/log"}));
  EXPECT_EQ(shared.lineage.uses.size(), 3u);  // two versions
}

TEST(Lineage, ChangedBehindOurBackIsNobodysProduct) {
  ImageForTest writer(7, 100);
  writer.start("/usr/bin/writer").open("f", O_WRONLY | O_CREAT | O_TRUNC, kEmpty);
  writer.close(3, kFull).exit();
  ImageForTest reader(8, 200);
  reader.start("/usr/bin/reader").open("f", O_RDONLY, {20, 99, 150}).exit();
  const LineageOf lineage({writer, reader});
  EXPECT_NE(lineage.entity("writer", true, "/site/f"), lineage.entity("reader", false, "/site/f"));
}

TEST(Lineage, ReadWhileItIsWrittenIsToldAsSuch) {
  ImageForTest writer(7, 100);
  writer.start("/usr/bin/writer").open("f", O_WRONLY | O_CREAT | O_TRUNC, kEmpty);
  ImageForTest reader(8, 200);
  reader.start("/usr/bin/reader").open("f", O_RDONLY, {20, 2, 150}).exit();
  writer.at(300).close(3, kFull).exit();
  EXPECT_EQ(LineageOf({writer, reader}).edges(),
            (Edges{"writer generated /site/f", "reader used ~/site/f"}));
}

TEST(Lineage, TheWritersOwnRenameIsTheFilesName) {
  ImageForTest sed(7, 100);
  sed.start("/usr/bin/sed").open("a", O_RDONLY, kIn);
  sed.open("sedX", O_RDWR | O_CREAT | O_EXCL, kEmpty, 4, kOpenIsTemporary).close(4, kFull);
  sed.rename(BoxKind::kRename, "sedX", "a", kFull).exit();
  const LineageOf lineage({sed});
  EXPECT_EQ(lineage.edges(), (Edges{"sed used /site/a", "sed generated /site/a"}));
}

TEST(Lineage, LinkedAndUnlinkedIsRenamed) {
  ImageForTest git(7, 100);
  git.start("/usr/bin/git").open("tmp_obj", O_RDWR | O_CREAT | O_EXCL, kEmpty).close(3, kFull);
  git.rename(BoxKind::kLink, "tmp_obj", "objects/ab", kFull);
  git.rename(BoxKind::kUnlink, "tmp_obj", "", kFull).exit();
  ImageForTest cat(8, 200);
  cat.start("/usr/bin/cat").open("objects/ab", O_RDONLY, kFull).exit();
  EXPECT_EQ(LineageOf({git, cat}).edges(),
            (Edges{"git generated /site/objects/ab", "cat used /site/objects/ab"}));
}

TEST(Lineage, AWritersLinkIsASecondName) {
  ImageForTest writer(7, 100);
  writer.start("/usr/bin/writer").open("a", O_WRONLY | O_CREAT | O_TRUNC, kEmpty).close(3, kFull);
  writer.rename(BoxKind::kLink, "a", "b", kFull);
  writer.rename(BoxKind::kLink, "b", "x", kFull);
  writer.rename(BoxKind::kRename, "x", "c", kFull).exit();
  ImageForTest reader(8, 200);
  reader.start("/usr/bin/reader").open("b", O_RDONLY, kFull).exit();
  const LineageOf lineage({writer, reader});
  EXPECT_EQ(lineage.edges(), (Edges{"writer generated /site/a", "writer generated /site/b",
                                    "writer generated /site/c", "reader used /site/b"}));
  EXPECT_EQ(lineage.entity("writer", true, "/site/b"), lineage.entity("reader", false, "/site/b"));
  const auto state = [&](const char* name) {
    return lineage.lineage.entities[lineage.entity("writer", true, name)].state;
  };
  EXPECT_TRUE(is_same_content(state("/site/a"), state("/site/b")));
  EXPECT_TRUE(is_same_content(state("/site/a"), state("/site/c")));
}

TEST(Lineage, AnExchangeChangesBothNames) {
  constexpr FileForTest kOther{30, 9, 120};
  const auto exchange = [&](ImageForTest* image) {
    image->rename(BoxKind::kRename, "a", "b", kFull);
    image->rename(BoxKind::kRename, "b", "a", kOther);
  };
  ImageForTest writer(7, 100);
  writer.start("/usr/bin/writer").open("a", O_WRONLY | O_CREAT | O_TRUNC, kEmpty).close(3, kFull);
  writer.open("b", O_WRONLY | O_CREAT | O_TRUNC, {30, 0, 115}).close(3, kOther).exit();
  ImageForTest swap(8, 200);
  swap.start("/usr/bin/swap");
  exchange(&swap);
  swap.exit();
  ImageForTest reader(9, 300);
  reader.start("/usr/bin/reader").open("a", O_RDONLY, kOther).exit();
  const LineageOf by_another({writer, swap, reader});
  EXPECT_EQ(by_another.edges(),
            (Edges{"writer generated /site/a", "writer generated /site/b", "swap used /site/a",
                   "swap used /site/b", "swap generated /site/a", "swap generated /site/b",
                   "reader used /site/a"}));
  EXPECT_EQ(by_another.entity("swap", true, "/site/a"),
            by_another.entity("reader", false, "/site/a"));
  EXPECT_NE(by_another.entity("swap", true, "/site/a"),
            by_another.entity("writer", true, "/site/a"));

  ImageForTest both(7, 100);
  both.start("/usr/bin/both").open("a", O_WRONLY | O_CREAT | O_TRUNC, kEmpty).close(3, kFull);
  both.open("b", O_WRONLY | O_CREAT | O_TRUNC, {30, 0, 115}).close(3, kOther);
  exchange(&both);
  both.exit();
  const LineageOf by_writer({both, reader});
  EXPECT_EQ(by_writer.edges(),
            (Edges{"both generated /site/a", "both generated /site/b", "reader used /site/a"}));
  EXPECT_EQ(by_writer.lineage.entities[by_writer.entity("both", true, "/site/a")].state.size_bytes,
            9);
}

TEST(Lineage, AnothersRenameIsAStep) {
  ImageForTest writer(7, 100);
  writer.start("/usr/bin/writer").open("a", O_WRONLY | O_CREAT | O_TRUNC, kEmpty);
  writer.close(3, kFull).exit();
  ImageForTest mv(8, 200);
  mv.start("/usr/bin/mv").rename(BoxKind::kRename, "a", "b", kFull).exit();
  ImageForTest reader(9, 300);
  reader.start("/usr/bin/reader").open("b", O_RDONLY, kFull).exit();
  EXPECT_EQ(LineageOf({writer, mv, reader}).edges(),
            (Edges{"writer generated /site/a", "mv used /site/a", "mv generated /site/b",
                   "reader used /site/b"}));
}

TEST(Lineage, AFileThatNobodyOpenedHasItsNewName) {
  ImageForTest mv(8, 200);
  mv.start("/usr/bin/mv").rename(BoxKind::kRename, "a", "b", kFull).exit();
  EXPECT_EQ(LineageOf({mv}).edges(), (Edges{"mv used /site/a", "mv generated /site/b"}));
}

TEST(Lineage, PrivateTemporariesAreCounted) {
  ImageForTest sort(7, 100);
  sort.start("/usr/bin/sort").open("/tmp/sortX", O_RDWR | O_CREAT | O_EXCL, kEmpty);
  sort.close(3, kFull).open("/tmp/sortX", O_RDONLY, kFull);
  sort.rename(BoxKind::kUnlink, "/tmp/sortX", "", kFull).exit();
  const LineageOf lineage({sort});
  EXPECT_EQ(lineage.edges(), Edges{});
  EXPECT_EQ(lineage.lineage.environments[0].private_temporaries, 1u);
}

TEST(Lineage, AShellThatOpensForOthersWroteNothing) {
  ImageForTest shell(7, 100);
  shell.start("/bin/sh").open("out", O_WRONLY | O_CREAT | O_TRUNC, kEmpty, 1).fork(8);
  ImageForTest date(8, 200);
  date.forked_from(shell).exec("/bin/date");
  ImageForTest date_image(8, 210, 7);
  date_image.start("/bin/date").inherit(1, "/site/out", O_WRONLY, kEmpty).close(1, kFull, 7);
  date_image.exit();
  shell.at(300).close(1, kFull, 7).exit();
  const LineageOf lineage({shell, date, date_image});
  EXPECT_EQ(lineage.edges(), Edges{"date generated /site/out"});
  ASSERT_EQ(lineage.lineage.processes.size(), 2u);  // fork and exec are one start
  EXPECT_EQ(lineage.lineage.processes[1].parent, 0u);
}

TEST(Lineage, AnInheritedInputIsUsedOnlyIfItsOffsetMoved) {
  ImageForTest reads(7, 100);
  reads.start("/bin/reads").inherit(0, "/site/in", O_RDONLY, kIn, 0).close(0, kIn, 5).exit();
  ImageForTest ignores(8, 200);
  ignores.start("/bin/ignores").inherit(0, "/site/in", O_RDONLY, kIn, 5);
  ignores.close(0, kIn, 5, kCloseAtExit).exit();
  const LineageOf lineage({reads, ignores});
  EXPECT_EQ(lineage.edges(), Edges{"reads used /site/in"});
  EXPECT_EQ(lineage.lineage.environments[1].untouched_descriptors, 1u);
}

TEST(Lineage, PipesJoinWhatTheyConnect) {
  ImageForTest sort(7, 100);
  sort.start("/bin/sort").inherit_pipe(1, O_WRONLY, 77).exit();
  ImageForTest uniq(8, 110);
  uniq.start("/bin/uniq").inherit_pipe(0, O_RDONLY, 77).inherit_pipe(5, O_RDONLY, 78).exit();
  EXPECT_EQ(LineageOf({sort, uniq}).edges(),
            (Edges{"sort generated sort | uniq", "uniq used sort | uniq"}));
}

TEST(Lineage, WhoMadeAPipeHasItsOtherEnd) {
  ImageForTest python(7, 100);
  python.start("/bin/python").make_pipe(77).spawn(8, "/bin/date", 104);
  ImageForTest date(8, 110, 7);
  date.start("/bin/date").inherit_pipe(1, O_WRONLY, 77).exit();
  EXPECT_EQ(LineageOf({python, date}).edges(),
            (Edges{"date generated ~date | python", "python used ~date | python"}));
}

TEST(Lineage, FilesThatAreNoDataAreListed) {
  ImageForTest program(7, 100);
  program.start("/bin/program").open("/etc/passwd", O_RDONLY, {30, 1, 1});
  program.open("/usr/share/zoneinfo/UTC", O_RDONLY, {31, 1, 1}).exit();
  const LineageOf lineage({program});
  EXPECT_EQ(lineage.edges(), Edges{});
  EXPECT_EQ(lineage.lineage.environments[0].paths,
            (std::vector<std::string>{"/etc/passwd", "/usr/share/zoneinfo/UTC"}));
}

TEST(Lineage, AProgramTheUserMadeIsAnInput) {
  ImageForTest solver(7, 100);
  solver.start("/site/solver").exit();
  EXPECT_EQ(LineageOf({solver}, {{"/site/solver", {40, 9, 9}}}).edges(),
            Edges{"solver used /site/solver"});
}

TEST(Lineage, AFileBelongsToTheTaskThatOpenedIt) {
  const Uuid task{1, 2};
  ImageForTest python(7, 100);
  python.start("/bin/python").in_task(task).open("in", O_RDONLY, kIn);
  python.spawn(8, "/bin/cp", 102).exit();
  ImageForTest cp(8, 110, 7);
  cp.start("/bin/cp").exit();
  const LineageOf lineage({python, cp});
  ASSERT_EQ(lineage.lineage.uses.size(), 1u);
  EXPECT_EQ(lineage.lineage.uses[0].task, task);
  EXPECT_EQ(lineage.lineage.processes[1].parent_task, task);
  EXPECT_EQ(lineage.lineage.processes[1].parent, 0u);
}

TEST(ProcessTree, ExecOfAnExecIsAChild) {
  ImageForTest env(7, 100);
  env.start("/bin/env").exec("/bin/date");
  ImageForTest date(7, 200);
  date.start("/bin/date").exit(3);
  const LineageOf lineage({date, env});
  const std::vector<BoxProcess>& all = lineage.lineage.processes;
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].is_replaced);
  EXPECT_EQ(all[1].parent, 0u);
  EXPECT_EQ(all[1].exit_code, 3);
}

TEST(ProcessTree, WhatNeverSpeaksIsMarked) {
  ImageForTest shell(7, 100);
  shell.start("/bin/sh").fork(8).spawn(9, "/site/static", 110).fork(10).exit();
  ImageForTest child(8, 150);
  child.forked_from(shell).exec("/site/go");
  ImageForTest cleared(11, 160);
  cleared.forked_from(shell).exec("/bin/date", 0);
  const LineageOf lineage({shell, child, cleared});
  std::map<std::string, BoxProcess> by_name;
  for (const BoxProcess& process : lineage.lineage.processes) by_name[process.name()] = process;
  EXPECT_EQ(by_name["go"].completeness, Completeness::kNone);
  EXPECT_EQ(by_name["static"].completeness, Completeness::kNone);
  EXPECT_EQ(by_name["static"].parent, 0u);
  EXPECT_EQ(by_name["date"].blind, std::vector<std::string>{"environment"});
  EXPECT_EQ(by_name["sh"].unseen_children, 1u);
  EXPECT_EQ(by_name["sh"].completeness, Completeness::kPaths);
}

TEST(ProcessTree, AFailedExecGoesOn) {
  ImageForTest shell(7, 100);
  shell.start("/bin/sh").fork(8).exit();
  ImageLog child = ImageForTest(8, 150).forked_from(shell).exec("/no/such").exit(127).log();
  BoxEvent failed{};
  failed.kind = BoxKind::kExecFailed;
  failed.at_ns = child.events[0].at_ns;
  child.events.insert(child.events.begin() + 1, failed);
  const std::vector<ImageLog> logs{shell.log(), child};
  const std::vector<BoxProcess> all = processes_of(logs);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].exit_code, 127);
  EXPECT_EQ(all[1].completeness, Completeness::kPaths);
}

}  // namespace
}  // namespace headrace::box
