#include "exchange/tensorboard_event.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "exchange/tensorboard_hparams.h"
#include "exchange/tensorboard_written_for_test.h"

namespace headrace::exchange {
namespace {

using testing::ElementsAre;
using testing::Pair;

// The message that `bytes`, a framed record, holds.
Event event_of(const std::string& bytes) {
  EventFrames frames;
  frames.add(bytes);
  EXPECT_TRUE(frames.next());
  Event out;
  EXPECT_TRUE(read_event(frames.record(), out));
  return out;
}
EventTensor tensor_of(const std::string& message) {
  EventTensor out;
  EXPECT_TRUE(read_tensor(message, out));
  return out;
}

TEST(TensorboardEvent, FileVersionAndTime) {
  const Event event = event_of(version_event());
  EXPECT_EQ(event.kind, EventKind::kFileVersion);
  EXPECT_EQ(event.text, "brain.Event:2");
  EXPECT_EQ(event.wall_time_s, 1763829000.0);
}

TEST(TensorboardEvent, AScalarInBothForms) {
  Event event = event_of(scalar_event(5.5, -3, "loss", 0.25F));
  ASSERT_EQ(event.values.size(), 1U);
  EXPECT_EQ(event.step, -3);
  EXPECT_EQ(event.values[0].tag, "loss");
  EXPECT_EQ(event.values[0].kind, SummaryKind::kSimple);
  EXPECT_EQ(event.values[0].simple, 0.25F);

  event = event_of(
      summary_event(6, 4, field(1, "loss") + plugin("scalars") + field(8, float_tensor(0.0F))));
  ASSERT_EQ(event.values.size(), 1U);
  EXPECT_EQ(event.values[0].plugin, "scalars");
  EXPECT_EQ(event.values[0].kind, SummaryKind::kTensor);
  EXPECT_EQ(event.values[0].tensor.dtype, "float32");
  EXPECT_EQ(event.values[0].tensor.elements, 1);
  EXPECT_THAT(event.values[0].tensor.numbers, ElementsAre(0.0));
}

TEST(TensorboardEvent, ASimpleValueKeepsNanAndInfinity) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(event_of(scalar_event(1, 1, "x", -infinity)).values[0].simple, -infinity);
  EXPECT_TRUE(std::isnan(event_of(scalar_event(1, 1, "x", std::nanf(""))).values[0].simple));
}

TEST(TensorboardEvent, ImagesHistogramsAndSoundsAreMeasured) {
  const std::string image = field(1, uint64_t{8}) + field(2, uint64_t{9}) + field(4, "PNG...");
  Event event = event_of(summary_event(1, 1, field(1, "i") + field(4, image)));
  EXPECT_EQ(event.values[0].kind, SummaryKind::kImage);
  EXPECT_EQ(event.values[0].image.height, 8);
  EXPECT_EQ(event.values[0].image.width, 9);
  EXPECT_EQ(event.values[0].image.size_bytes, 6U);

  const std::string histogram = field(1, -1.0) + field(2, 2.0) + field(3, 10.0) + field(4, 5.0) +
                                field(5, 7.5) + field(7, std::string(24, '\0'));
  event = event_of(summary_event(1, 1, field(1, "h") + field(5, histogram)));
  EXPECT_EQ(event.values[0].kind, SummaryKind::kHistogram);
  EXPECT_EQ(event.values[0].histogram.min, -1.0);
  EXPECT_EQ(event.values[0].histogram.sum_squares, 7.5);
  EXPECT_EQ(event.values[0].histogram.buckets, 3U);

  const std::string audio = field(1, 44100.0F) + field(3, uint64_t{100}) + field(4, "RIFF");
  event = event_of(summary_event(1, 1, field(1, "a") + field(6, audio)));
  EXPECT_EQ(event.values[0].kind, SummaryKind::kAudio);
  EXPECT_EQ(event.values[0].audio.sample_rate_hz, 44100.0);
  EXPECT_EQ(event.values[0].audio.frames, 100);
}

TEST(TensorboardEvent, GraphMessageSessionAndRunMetadata) {
  EXPECT_EQ(event_of(framed(field(4, "graph"))).kind, EventKind::kGraph);
  EXPECT_EQ(event_of(framed(field(9, "meta graph"))).kind, EventKind::kGraph);
  EXPECT_EQ(event_of(framed(field(8, "run"))).kind, EventKind::kRunMetadata);
  const Event message = event_of(framed(field(6, field(1, uint64_t{30}) + field(2, "careful"))));
  EXPECT_EQ(message.kind, EventKind::kLogMessage);
  EXPECT_EQ(message.level, 30U);
  EXPECT_EQ(message.text, "careful");
  EXPECT_EQ(event_of(framed(field(7, field(2, "model.ckpt-7")))).text, "model.ckpt-7");
}

TEST(TensorboardEvent, EveryCutOfAMessageIsRefusedOrShorter) {
  const std::string whole =
      field(1, 2.0) + field(2, uint64_t{7}) + field(5, field(1, field(1, "loss") + field(2, 0.5F)));
  size_t refused = 0;
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    Event event;
    if (!read_event(std::string_view(whole).substr(0, cut), event)) ++refused;
    EXPECT_TRUE(event.values.empty() || event.kind == EventKind::kSummary);
  }
  EXPECT_EQ(refused, whole.size() - 3) << "all but the cuts between two fields";
}

TEST(TensorboardTensor, ListedValuesAndTheLastForTheRest) {
  const std::string shape =
      field(2, field(2, field(1, uint64_t{2})) + field(2, field(1, uint64_t{2})));
  std::string packed;
  ByteWriter(packed).f64(1.5);
  ByteWriter(packed).f64(-2.0);
  const EventTensor tensor = tensor_of(field(1, uint64_t{2}) + shape + field(6, packed));
  EXPECT_EQ(tensor.dtype, "float64");
  EXPECT_THAT(tensor.shape, ElementsAre(2, 2));
  EXPECT_THAT(tensor.numbers, ElementsAre(1.5, -2.0, -2.0, -2.0));
}

TEST(TensorboardTensor, TypesKeepTheirValuesExactly) {
  const auto one = [](uint64_t type, std::string_view content) {
    return tensor_of(field(1, type) + field(2, "") + field(4, content));
  };
  EXPECT_THAT(one(9, std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8)).integers,
              ElementsAre(std::numeric_limits<int64_t>::max()));
  EXPECT_THAT(one(6, "\xff").integers, ElementsAre(-1));
  EXPECT_THAT(one(4, "\xff").integers, ElementsAre(255));
  EXPECT_THAT(one(10, "\x01").integers, ElementsAre(1));
  EXPECT_THAT(one(19, std::string("\x00\x3e", 2)).numbers, ElementsAre(1.5)) << "half";
  EXPECT_THAT(one(19, std::string("\x01\x00", 2)).numbers, ElementsAre(std::ldexp(1, -24)));
  EXPECT_THAT(one(14, std::string("\xc0\x3f", 2)).numbers, ElementsAre(1.5)) << "bfloat16";
  EXPECT_EQ(one(8, std::string(8, '\0')).dtype, "complex64");
  EXPECT_EQ(one(24, "x").dtype, "type 24");
  EXPECT_THAT(tensor_of(field(1, uint64_t{7}) + field(8, "two") + field(8, "words")).strings,
              ElementsAre("two", "words"));
  EXPECT_THAT(
      tensor_of(field(1, uint64_t{3}) + field(7, varint(static_cast<uint64_t>(-5)))).integers,
      ElementsAre(-5));
}

TEST(TensorboardTensor, LargeAndUnknownShapesCostNothing) {
  const std::string huge =
      field(2, field(2, field(1, uint64_t{1} << 40)) + field(2, field(1, uint64_t{1} << 40)));
  EXPECT_EQ(tensor_of(field(1, uint64_t{1}) + huge).elements, -1);
  const EventTensor wide =
      tensor_of(field(1, uint64_t{1}) + field(2, field(2, field(1, uint64_t{1} << 40))));
  EXPECT_EQ(wide.elements, int64_t{1} << 40);
  EXPECT_EQ(wide.numbers.size(), kTensorKept);
  EXPECT_EQ(tensor_of(field(1, uint64_t{1}) + field(2, field(3, uint64_t{1}))).elements, -1);
}

std::string hparam(std::string_view name, std::string_view value) {
  return field(1, field(1, name) + field(2, value));
}

TEST(TensorboardHparams, StartHasTheValuesInOrderOfTheirNames) {
  const std::string list = field(6, field(1, field(2, 1.0)) + field(1, field(3, "a\"b")));
  Hparams out;
  ASSERT_TRUE(read_hparams(
      field(3, hparam("lr", field(2, 0.001)) + hparam("bias", field(4, uint64_t{1})) +
                   hparam("name", field(3, "adam")) + hparam("dims", list) +
                   hparam("none", field(1, uint64_t{0})) + field(4, "group") + field(5, 12.5)),
      out));
  EXPECT_TRUE(out.is_start);
  EXPECT_FALSE(out.is_end);
  EXPECT_EQ(out.group_name, "group");
  EXPECT_EQ(out.start_time_s, 12.5);
  EXPECT_THAT(out.values,
              ElementsAre(Pair("bias", HparamValue(true)),
                          Pair("dims", HparamValue(HparamJson{R"([1.0,"a\"b"])"})),
                          Pair("lr", HparamValue(0.001)), Pair("name", HparamValue("adam")),
                          Pair("none", HparamValue())));
}

TEST(TensorboardHparams, ExperimentAndEnd) {
  Hparams out;
  const std::string metric = field(5, field(1, field(1, "test") + field(2, "accuracy")));
  ASSERT_TRUE(read_hparams(field(2, field(6, "study") + field(4, field(1, "lr")) + metric), out));
  EXPECT_TRUE(out.is_experiment);
  EXPECT_EQ(out.name, "study");
  EXPECT_THAT(out.hparam_names, ElementsAre("lr"));
  EXPECT_THAT(out.metric_tags, ElementsAre("test/accuracy"));
  ASSERT_TRUE(read_hparams(field(4, field(1, uint64_t{2}) + field(2, 99.0)), out));
  EXPECT_TRUE(out.is_end);
  EXPECT_EQ(out.status, SessionStatus::kFailure);
  EXPECT_EQ(out.end_time_s, 99.0);
}

TEST(TensorboardHparams, NestingWithoutEndIsRefused) {
  std::string value = field(2, 1.0);
  for (int depth = 0; depth < 40; ++depth) value = field(6, field(1, value));
  Hparams out;
  EXPECT_FALSE(read_hparams(field(3, hparam("deep", value)), out));
}

}  // namespace
}  // namespace headrace::exchange
