#include "query/identify.h"

#include <gtest/gtest.h>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

std::string refusal(const Session& session, const std::string& text,
                    const std::vector<ThingKind>& kinds) {
  return identify(session, text, kinds, "/").status().message();
}

TEST(Identify, AMistypedIdHasTheNearest) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "train");
  const int64_t task = store.task(wf, {"step", {}, {}});
  const std::string object = store.object("file", "/d/a.bin", "a1a1a1a1");
  const Session session = store.session();
  const auto mistyped = [](std::string id, size_t at) {
    id[at] = id[at] == '0' ? '1' : '0';
    return id;
  };
  const std::vector<std::pair<ThingKind, std::string>> things = {
      {ThingKind::kWorkflow, StoreForTest::workflow_id(wf)},
      {ThingKind::kTask, StoreForTest::task_id(task)},
      {ThingKind::kObject, object}};
  for (const auto& [kind, id] : things) {
    for (const std::string& text : {mistyped(id, 7), mistyped(id, 35), mistyped(mistyped(id, 1), 2),
                                    mistyped(id, 7).substr(0, 8)}) {
      EXPECT_EQ(refusal(session, text, {kind}), "there is no " + std::string(name_of(kind)) + " " +
                                                    text + "; did you mean " + id + "?");
    }
    const std::string other = mistyped(mistyped(mistyped(id, 1), 2), 3);
    EXPECT_EQ(refusal(session, other, {kind}), "there is no " + std::string(name_of(kind)) + " " +
                                                   other + "; headrace ls lists what there is");
  }
}

TEST(Identify, AMistypedNameHasTheNearest) {
  StoreForTest store;
  store.workflow(store.campaign("w"), "train");
  const Session session = store.session();
  EXPECT_EQ(refusal(session, "trian", {ThingKind::kWorkflow}),
            "there is no workflow trian; did you mean train?");
  EXPECT_EQ(refusal(session, "a", {ThingKind::kCampaign}),
            "there is no campaign a; headrace ls lists what there is");
}

}  // namespace
}  // namespace headrace::query
