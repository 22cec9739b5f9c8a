#include "exchange/tensorboard_import.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/imported_for_test.h"
#include "exchange/tensorboard_written_for_test.h"

namespace headrace::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kBegin = 1763829000.0;

class TensorboardImport : public ImportTest {
 protected:
  std::string logs() const { return folder_ / "logs"; }
  // Of a process that is there no more, so that its runs have ended.
  std::string name(const std::string& run) const {
    char host[256] = {};
    EXPECT_EQ(::gethostname(host, sizeof host - 1), 0);
    return run + "/events.out.tfevents.1763829000." + host + ".2147483646.0";
  }
  void append(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = folder_ / "logs" / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::app | std::ios::binary) << bytes;
  }
};

TEST_F(TensorboardImport, ScalarsBecomeRowsWithStepAndTime) {
  append(name("a"), version_event() + scalar_event(kBegin + 1.5, 1, "loss", 0.0F) +
                        scalar_event(kBegin + 2, 2, "loss", 0.25F));
  const collect::IntakeReport report = import("tensorboard", logs(), "study");
  EXPECT_EQ(report.rows, 2U);
  EXPECT_THAT(ask("SELECT name || ' ' || status || ' ' || campaign FROM workflow"),
              ElementsAre("a finished study"));
  EXPECT_THAT(ask("SELECT metrics::VARCHAR FROM log ORDER BY time"),
              ElementsAre(R"({"step":1,"loss":0.0})", R"({"step":2,"loss":0.25})"));
  EXPECT_THAT(ask("SELECT epoch_ns(time) FROM log ORDER BY time LIMIT 1"),
              ElementsAre("1763829001500000000"));
  EXPECT_THAT(ask("SELECT epoch_ns(started_at) || ' ' || epoch_ns(ended_at) FROM workflow"),
              ElementsAre("1763829000000000000 1763829002000000000"));
}

TEST_F(TensorboardImport, WhatIsImportedAgainComesOnceAndWhatIsNewComes) {
  append(name("a"), version_event() + scalar_event(kBegin, 1, "loss", 0.5F));
  import("tensorboard", logs());
  EXPECT_TRUE(import("tensorboard", logs()).is_nothing());
  append(name("a"), scalar_event(kBegin + 9, 2, "loss", 0.25F));
  EXPECT_EQ(import("tensorboard", logs()).rows, 1U);
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("2"));
  EXPECT_THAT(ask("SELECT epoch_ns(ended_at) FROM workflow"), ElementsAre("1763829009000000000"));
}

TEST_F(TensorboardImport, NotesThatAreGoneDoubleNothing) {
  append(name("a"), version_event() + scalar_event(kBegin, 1, "loss", 0.5F) +
                        scalar_event(kBegin, 1, "loss", 0.5F));
  import("tensorboard", logs());
  std::filesystem::remove_all(directory().root / "imports");
  import("tensorboard", logs());
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("2"));
  EXPECT_THAT(ask("SELECT count(*) FROM workflow"), ElementsAre("1"));
}

TEST_F(TensorboardImport, RunsInFoldersOfRunsAreTheirParts) {
  append(name("a"), scalar_event(kBegin, 1, "loss", 0.5F));
  append(name("a/deep/validation"), scalar_event(kBegin, 1, "loss", 0.75F));
  append(name("b"), scalar_event(kBegin, 1, "loss", 0.5F));
  import("tensorboard", logs());
  EXPECT_THAT(ask("SELECT w.name || ' of ' || coalesce(p.name, 'none') FROM workflow w LEFT JOIN "
                  "workflow p ON p.workflow_id = w.parent_workflow_id ORDER BY w.name"),
              ElementsAre("a of none", "a/deep/validation of a", "b of none"));
}

TEST_F(TensorboardImport, HparamsAreUsedAndTheSessionsEndHolds) {
  const std::string start = field(3, field(1, field(1, "lr") + field(2, field(2, 0.001))) +
                                         field(1, field(1, "name") + field(2, field(3, "adam"))));
  const std::string end = field(4, field(1, uint64_t{2}) + field(2, kBegin + 7));
  append(name("a"),
         summary_event(kBegin, 0,
                       field(1, "_hparams_/session_start_info") + plugin("hparams", start)) +
             summary_event(kBegin + 8, 0,
                           field(1, "_hparams_/session_end_info") + plugin("hparams", end)));
  import("tensorboard", logs());
  EXPECT_THAT(ask("SELECT used::VARCHAR FROM workflow"),
              ElementsAre(R"({"lr":0.001,"name":"adam"})"));
  EXPECT_THAT(ask("SELECT status || ' ' || epoch_ns(ended_at) FROM workflow"),
              ElementsAre("failed 1763829007000000000"));
}

TEST_F(TensorboardImport, TextAndMessagesAreLines) {
  const std::string text = field(1, uint64_t{7}) + field(2, "") + field(8, "hello there");
  append(
      name("a"),
      summary_event(kBegin, 3, field(1, "notes/text_summary") + plugin("text") + field(8, text)) +
          framed(field(1, kBegin + 1) + field(6, field(1, uint64_t{30}) + field(2, "careful"))));
  import("tensorboard", logs());
  EXPECT_THAT(ask("SELECT stream || ' ' || text FROM log ORDER BY time"),
              ElementsAre("stdout notes: hello there", "stderr careful"));
}

TEST_F(TensorboardImport, TensorsHistogramsAndImagesAreSummaries) {
  const std::string shape = field(2, field(2, field(1, uint64_t{2})));
  const std::string histogram = field(1, -1.0) + field(2, 3.0) + field(3, 4.0) + field(4, 8.0) +
                                field(5, 20.0) + field(7, std::string(16, '\0'));
  const std::string image = field(1, uint64_t{8}) + field(2, uint64_t{9}) + field(4, "PNG...");
  append(name("a"), summary_event(kBegin, 1,
                                  field(1, "t") + field(8, field(1, uint64_t{3}) + shape +
                                                               field(7, uint64_t{5}))) +
                        summary_event(kBegin + 1, 1, field(1, "h") + field(5, histogram)) +
                        summary_event(kBegin + 2, 1, field(1, "i") + field(4, image)) +
                        framed(field(1, kBegin + 3) + field(4, "a graph")));
  import("tensorboard", logs());
  EXPECT_THAT(
      ask("SELECT metrics::VARCHAR FROM log ORDER BY time"),
      ElementsAre(
          R"({"step":1,"t":{"type":"tensor","dtype":"int32","shape":[2],"size_bytes":4,"values":[5,5]}})",
          R"({"step":1,"h":{"type":"histogram","count":4.0,"min":-1.0,"max":3.0,"sum":8.0,"mean":2.0,"std":1.0,"buckets":2}})",
          R"({"step":1,"i":{"type":"image","width":9,"height":8,"size_bytes":6}})"));
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("left out: 1 graph ")));
}

TEST_F(TensorboardImport, DamageIsQuarantinedAndTheRestIsThere) {
  std::string hit = scalar_event(kBegin, 1, "loss", 0.5F);
  hit[20] = static_cast<char>(hit[20] ^ 1);
  append(name("a"), version_event() + hit + framed("no event at all") +
                        scalar_event(kBegin, 2, "loss", 0.25F));
  EXPECT_EQ(import("tensorboard", logs()).quarantined, 2U);
  EXPECT_THAT(ask("SELECT metrics::VARCHAR FROM log"), ElementsAre(R"({"step":2,"loss":0.25})"));
  EXPECT_THAT(ask("SELECT reason FROM quarantine ORDER BY reason"),
              ElementsAre(HasSubstr("bytes 40 to 82: a record's checksum does not match"),
                          HasSubstr("it is no event of TensorBoard")));
}

TEST_F(TensorboardImport, AFollowerReadsARecordOnceItIsWhole) {
  const std::string second = scalar_event(kBegin + 1, 2, "loss", 0.25F);
  append(name("a"), scalar_event(kBegin, 1, "loss", 0.5F) + second.substr(0, 20));
  Result<OpenedSource> source = kTensorboard.open(logs(), "");
  ASSERT_TRUE(source.ok());
  Result<collect::Intake> intake = collect::Intake::open(directory(), source->source);
  ASSERT_TRUE(intake.ok());
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("1"));
  EXPECT_THAT(source->reader->notes(), ElementsAre(HasSubstr("ends within a record")));
  append(name("a"), second.substr(20));
  append(name("b"), scalar_event(kBegin, 1, "loss", 0.125F));
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("3"));
  EXPECT_THAT(source->reader->notes(), IsEmpty());
}

TEST_F(TensorboardImport, ARunWhoseWriterMayLiveGoesOn) {
  append("a/events.out.tfevents.1763829000.elsewhere.7.0", scalar_event(kBegin, 1, "loss", 0.5F));
  import("tensorboard", logs());
  EXPECT_THAT(ask("SELECT status FROM workflow"), ElementsAre("running"));
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("1 run goes on, as far as can be told: a")));
}

TEST_F(TensorboardImport, WhatIsNoLogDirectoryIsSaid) {
  EXPECT_EQ(kTensorboard.open(folder_ / "nothing", "").status().code(), StatusCode::kNotFound);
  std::filesystem::create_directory(folder_ / "empty");
  import("tensorboard", folder_ / "empty");
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("there are no event files")));
}

}  // namespace
}  // namespace headrace::exchange
