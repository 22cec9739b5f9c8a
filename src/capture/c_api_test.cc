// The C interface, through a program that is compiled as C.
#include <fstream>
#include <gtest/gtest.h>

#include <headrace/headrace.h>

#include "capture/recorded_for_test.h"

extern "C" {
void headrace_test_c_program(const char* file);
void headrace_test_null_program(void);
}

namespace headrace::capture {
namespace {

TEST(CApi, ACProgramIsRecordedWhole) {
  const TestFolder folder;
  const std::string file = folder.path() / "mesh.txt";
  std::ofstream(file) << "abc";
  const Recorded recorded = record_in_process([&] { headrace_test_c_program(file.c_str()); });

  ASSERT_EQ(recorded.tasks.size(), 3u);
  EXPECT_EQ(recorded.tasks[1].activity, "step");
  EXPECT_EQ(recorded.tasks[1].values.at("used.number"), "1");
  EXPECT_EQ(recorded.tasks[1].values.at("generated.residual"), "0.5");
  EXPECT_EQ(recorded.tasks[1].values.at("tag.scheme"), "\"upwind\"");
  EXPECT_EQ(recorded.tasks[1].status, TaskStatus::kFinished);
  EXPECT_EQ(recorded.tasks[2].status, TaskStatus::kFailed);

  ASSERT_EQ(recorded.workflows.size(), 2u);  // its begin and its end
  const Recorded::Workflow& begun = recorded.workflows[0];
  const Recorded::Workflow& ended = recorded.workflows[1];
  EXPECT_EQ(begun.name, "heat");
  EXPECT_EQ(begun.campaign, "mesh study");
  EXPECT_EQ(begun.values.at("used.nx"), "128");
  EXPECT_EQ(begun.id, recorded.tasks[0].workflow);
  EXPECT_EQ(ended.id, begun.id);
  EXPECT_EQ(ended.status, TaskStatus::kFinished);
  EXPECT_EQ(ended.values.at("generated.history"), "[0.5,0.25]");
  EXPECT_NE(ended.values.at("generated.strange").find("unknown headrace_type 99"),
            std::string::npos);
  EXPECT_NE(ended.values.at("generated.missing").find("null pointer"), std::string::npos);

  ASSERT_EQ(recorded.objects.size(), 1u);
  EXPECT_EQ(recorded.objects[0].kind, "dataset");
  EXPECT_EQ(recorded.objects[0].values.at("attribute.path"), "\"" + file + "\"");
  EXPECT_EQ(recorded.objects[0].values.at("attribute.size_bytes"), "3");
  EXPECT_NE(recorded.objects[0].values.at("attribute.sha256").find("ba7816bf8f01cfea4141"),
            std::string::npos);
  EXPECT_NE(ended.values.at("generated.mesh").find(recorded.objects[0].id), std::string::npos);
}

TEST(CApi, NullsAreHarmlessWithCaptureOnAndOff) {
  EXPECT_EQ(record_in_process([] { headrace_test_null_program(); }).exit_status, 0);
  const Recorded off = record_in_process([] {
    setenv("HEADRACE_DISABLED", "1", 1);
    headrace_test_null_program();
    if (headrace_enabled() != 0) _exit(1);
    headrace_test_c_program("/nowhere");
  });
  EXPECT_EQ(off.exit_status, 0);
  EXPECT_TRUE(off.tasks.empty());
}

TEST(CApi, AFileThatCannotBeReadIsSaidInsteadOfLinked) {
  const Recorded recorded = record_in_process([] {
    const headrace_id none = headrace_file_object("/nowhere/at/all", "file", nullptr, 0);
    headrace_value value{headrace_name("input"), HEADRACE_OBJECT, {0}, 0};
    value.data.bytes = &none;
    headrace_task* task = headrace_task_begin(headrace_activity("read", nullptr, 0));
    headrace_task_add(task, HEADRACE_USED, &value, 1);
    headrace_task_end(task, HEADRACE_FINISHED);
  });
  EXPECT_TRUE(recorded.objects.empty());
  ASSERT_EQ(recorded.tasks.size(), 1u);
  EXPECT_NE(recorded.tasks[0].values.at("used.input").find("could not be read"), std::string::npos);
}

TEST(CApi, ALongListBecomesAPlaceholder) {
  const Recorded recorded = record_in_process([] {
    const std::vector<double> list(100'000, 1.5);
    headrace_value value{headrace_name("cells"), HEADRACE_FLOAT_LIST, {0}, list.size()};
    value.data.bytes = list.data();
    headrace_task* task = headrace_task_begin(headrace_activity("fill", nullptr, 0));
    headrace_task_add(task, HEADRACE_GENERATED, &value, 1);
    headrace_task_end(task, HEADRACE_FINISHED);
  });
  ASSERT_EQ(recorded.tasks.size(), 1u);
  EXPECT_NE(recorded.tasks[0].values.at("generated.cells").find("list of 100000"),
            std::string::npos);
}

TEST(CApi, NumbersMadeBeforeAForkHoldInTheChild) {
  const Recorded recorded = record_in_process([] {
    const uint32_t activity = headrace_activity("work", "here.c", 3);
    const uint32_t name = headrace_name("depth");
    headrace_task* outer = headrace_task_begin(headrace_activity("outer", nullptr, 0));
    const pid_t child = fork();
    headrace_name(child == 0 ? "of the child" : "of the parent");
    headrace_task* task = headrace_task_begin(activity);
    headrace_task_int(task, HEADRACE_USED, name, child == 0 ? 1 : 0);
    headrace_task_end(task, HEADRACE_FINISHED);
    if (child == 0) {
      stop_capture(TaskStatus::kFinished);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    headrace_task_end(outer, HEADRACE_FINISHED);
  });
  ASSERT_EQ(recorded.tasks.size(), 3u);
  int sum = 0;
  for (const Recorded::Task& task : recorded.tasks) {
    EXPECT_EQ(task.workflow, recorded.tasks[0].workflow);
    if (task.activity == "outer") continue;
    EXPECT_EQ(task.activity, "work");
    EXPECT_EQ(task.parent, recorded.task("outer")->id);
    sum += std::stoi(task.values.at("used.depth"));
  }
  EXPECT_EQ(sum, 1);
}

TEST(CApi, IdsPrintAndParse) {
  const headrace_id id = headrace_id_parse("01234567-89ab-8def-8123-456789abcdef");
  char text[HEADRACE_ID_TEXT_BYTES];
  headrace_id_text(id, text);
  EXPECT_STREQ(text, "01234567-89ab-8def-8123-456789abcdef");
  headrace_id_text(headrace_id_parse("nonsense"), text);
  EXPECT_STREQ(text, "00000000-0000-0000-0000-000000000000");
}

}  // namespace
}  // namespace headrace::capture
