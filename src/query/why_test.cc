#include "query/why.h"

#include <gtest/gtest.h>

#include "query/describe.h"
#include "query/identify.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

constexpr const char* kRun =
    R"({"git":{"commit":"3e1a9d2c44aa","dirty":true},)"
    R"("command":"python study.py","python":{"python":{"version":"3.11.2"}},)"
    R"("machine":{"cpu":{"model":"EPYC"}}})";

// Texts -> prepare -> corpus -> pretrain -> base -> finetune -> best, with saves inside.
struct Study {
  StoreForTest store;
  int64_t pretrain = 0;
  int64_t finetune = 0;

  Study() {
    const std::string campaign = store.campaign("study");
    const int data = store.workflow(campaign, "prepare data", "{}", kRun);
    const int train = store.workflow(campaign, "train", R"({"seed":7})", kRun);
    const std::string corpus = store.object("dataset", "/d/corpus.bin", "aa11bb22cc");
    const std::string base = store.object("checkpoint", "/d/base.pt", "bb22cc33dd");
    const std::string best = store.object("checkpoint", "/d/best.pt", "cc33dd44ee");
    const int64_t prepare = store.task(data, {"prepare", {}, {}});
    for (int i = 0; i < 5; ++i) {
      const std::string n = std::to_string(i);
      store.edge(prepare, store.object("text", "/t/play" + n + ".txt", "dd" + n + "0000"), false,
                 "texts");
    }
    store.edge(prepare, corpus, true, "corpus");
    pretrain = store.task(train, {"pretrain", {{"width", int64_t{64}}}, {}, 0, 30});
    store.edge(pretrain, corpus, false, "corpus");
    const int64_t save = store.task(train, {"save", {}, {}, pretrain});
    store.edge(save, base, true, "file");
    finetune = store.task(train, {"finetune", {{"lr", 0.5}}, {{"loss", 1.5}}, 0, 20});
    store.edge(finetune, base, false, "base");
    store.edge(finetune, best, true, "best");
    store.energy(finetune, "node/cpu", "412", "estimated");
    store.energy(pretrain, "node/cpu", "1000", "estimated");
  }
};

std::string text_of(const Session& session, const std::string& what) {
  const Result<Why> why = explain(session, what, "/d");
  EXPECT_TRUE(why.ok()) << why.status().message();
  return why.ok() ? why_text(*why) : "";
}

TEST(Why, SaysThatATaskIsLostAndHowItsProcessEnded) {
  StoreForTest store;
  const int run = store.workflow(store.campaign("study"), "train", "{}", kRun);
  const int64_t task = store.task(run, {"train", {{"lr", 0.5}}, {}, 0, 1, 5});
  store.edge(task, store.object("checkpoint", "/d/half.pt", "aa11"), true, "file");
  store.run("UPDATE producer_row SET state = 'lost', facts = '{\"ended_by\":\"signal 9\"}'");
  const Session session = store.session();
  const std::string lost = "lost: its process ended abruptly (signal 9) before it did";
  EXPECT_NE(text_of(session, "half.pt").find("That task is " + lost), std::string::npos)
      << text_of(session, "half.pt");
  const std::string id = session.rows("SELECT task_id FROM task")->front()[0].text;
  EXPECT_NE(text_of(session, id).find("is " + lost), std::string::npos) << text_of(session, id);
  const Result<Thing> thing = identify(session, id, {ThingKind::kTask}, "/d");
  ASSERT_TRUE(thing.ok());
  EXPECT_NE((*describe(session, *thing))["lost"].text().find("ended abruptly (signal 9)"),
            std::string::npos);
}

TEST(Why, ReachesTheRawFilesThroughEveryStep) {
  Study study;
  const Session session = study.store.session();
  const std::string text = text_of(session, "best.pt");
  EXPECT_NE(
      text.find("best.pt (checkpoint, sha256 cc33dd44…, 1.00 kB) was written by task finetune "
                "of workflow train, "),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("code    git 3e1a9d2c with uncommitted changes"), std::string::npos) << text;
  EXPECT_NE(text.find("data    task finetune of workflow train ← base.pt\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("base.pt ← task pretrain › save of workflow train ← corpus.bin\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("corpus.bin ← task prepare of workflow prepare data ← 5 raw texts of 5.00 kB, "
                "e.g. /t/play"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("params  lr=0.5 seed=7"), std::string::npos) << text;
  EXPECT_NE(text.find("env     Python 3.11.2, EPYC, on node1"), std::string::npos) << text;
  EXPECT_NE(
      text.find("cost    20.0 s, ≈ 412 J (estimated: split); with all it was made from 51.0 s, "
                "≈ 1.41 kJ (of 2 of 3 steps)"),
      std::string::npos)
      << text;
}

TEST(Why, TheProcessItselfSaysWhatItRanOn) {
  StoreForTest store;
  store.run(R"(UPDATE producer_row SET facts = '{"language":"python 3.11.2",)"
            R"("modules":"{\"/p/train.py\": \"aa\", \"/p/model.py\": \"bb\"}",)"
            R"("packages":"{\"torch\": {\"version\": \"1.13\"}}",)"
            R"("packages.1":"{\"numpy\": {\"version\": \"1.24\"}}"}')");
  const int workflow = store.workflow(store.campaign("study"), "train");
  const int64_t task = store.task(workflow, {"train", {{"lr", 0.5}}, {}});
  store.edge(task, store.object("model", "/d/m.pt", "aa11"), true);
  const Session session = store.session();
  const std::string text = text_of(session, "m.pt");
  EXPECT_NE(text.find("train.py, model.py by SHA-256"), std::string::npos) << text;
  EXPECT_NE(text.find("python 3.11.2, 2 packages, on node1"), std::string::npos) << text;
  EXPECT_NE(text.find("the git commit: "), std::string::npos) << text;
  EXPECT_EQ(text.find("packages, seeds"), std::string::npos) << text;
}

TEST(Why, GraphHasEveryNodeOnceWithItsEdges) {
  Study study;
  const Session session = study.store.session();
  const Result<Why> why = explain(session, "best.pt", "/d");
  ASSERT_TRUE(why.ok());
  const Json json = why_json(*why);
  const auto* nodes = json["graph"]["nodes"].as<Json::List>();
  ASSERT_NE(nodes, nullptr);
  std::set<std::string> labels;
  for (const Json& node : *nodes) labels.insert(node["label"].text());
  EXPECT_EQ(nodes->size(), 12u);  // 3 objects + 5 texts + finetune, save, pretrain, prepare
  for (const char* name :
       {"best.pt", "base.pt", "corpus.bin", "play0.txt", "pretrain", "prepare"}) {
    EXPECT_TRUE(labels.contains(name)) << name;
  }
  for (const Json& edge : *json["graph"]["edges"].as<Json::List>()) {
    EXPECT_EQ(edge["exact"], Json(true));
  }
  EXPECT_EQ(json["written_by"]["activity"], Json("finetune"));
  EXPECT_EQ(json["params"]["lr"], Json(0.5));
  EXPECT_EQ(json["cost"]["energy_j"], Json(412.0));
}

TEST(Why, EarlierStepsUnderOneParentAreInferredWhenNothingElseIsKnown) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "w");
  const std::string in = store.object("dataset", "/d/in.bin", "a1a1a1a1");
  const std::string out = store.object("model", "/d/out.pt", "b1b1b1b1");
  const std::string late = store.object("dataset", "/d/late.bin", "c1c1c1c1");
  const int64_t whole = store.task(wf, {"whole", {}, {}});
  store.edge(store.task(wf, {"load", {}, {}, whole}), in, false);
  store.edge(store.task(wf, {"save", {}, {}, whole}), out, true);
  store.edge(store.task(wf, {"check", {}, {}, whole}), late, false);
  const Session session = store.session();
  const Result<Why> why = explain(session, "out.pt", "/d");
  ASSERT_TRUE(why.ok());
  ASSERT_EQ(why->nodes.size(), 3u);
  bool found = false;
  for (const LineageEdge& e : why->edges) {
    if (e.relation != "used") continue;
    found = true;
    EXPECT_FALSE(e.exact);
    EXPECT_EQ(why->nodes[e.from].label, "in.bin");
  }
  EXPECT_TRUE(found);
  EXPECT_NE(why_text(*why).find("inferred"), std::string::npos);
}

TEST(Why, CyclesEnd) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "w");
  const std::string a = store.object("file", "/d/a", "a1a1a1a1");
  const std::string b = store.object("file", "/d/b", "b1b1b1b1");
  const int64_t forth = store.task(wf, {"forth", {}, {}});
  const int64_t back = store.task(wf, {"back", {}, {}});
  store.edge(forth, a, false);
  store.edge(forth, b, true);
  store.edge(back, b, false);
  store.edge(back, a, true);
  store.edge(back, b, true);
  const Session session = store.session();
  const Result<Why> why = explain(session, "/d/a", "/");
  ASSERT_TRUE(why.ok()) << why.status().message();
  EXPECT_EQ(why->nodes.size(), 4u);
}

TEST(Why, WorkflowsCanReadAndWriteToo) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "solver");
  store.workflow_edge(wf, store.object("file", "/d/mesh", "a1a1a1a1"), false);
  store.workflow_edge(wf, store.object("file", "/d/field", "b1b1b1b1"), true);
  const std::string text = text_of(store.session(), "field");
  EXPECT_NE(text.find("was written by workflow solver"), std::string::npos) << text;
  EXPECT_NE(text.find("/d/mesh (raw)"), std::string::npos) << text;
}

TEST(Why, WhatNobodyWroteSaysHowToCapture) {
  Study study;
  const std::string text = text_of(study.store.session(), "play3.txt");
  EXPECT_NE(text.find("was written by no captured task"), std::string::npos) << text;
  EXPECT_NE(text.find("headrace run"), std::string::npos) << text;
}

TEST(Why, ThingsAreFoundByNamePathIdHashAndKind) {
  Study study;
  const std::string task = StoreForTest::task_id(study.finetune);
  const Session session = study.store.session();
  const auto subject = [&](const std::string& what, const char* here) {
    const Result<Why> why = explain(session, what, here);
    return why.ok() ? why->nodes[0].label : why.status().message();
  };
  EXPECT_EQ(subject("best.pt", "/"), "best.pt");
  EXPECT_EQ(subject("../d/best.pt", "/t"), "best.pt");
  EXPECT_EQ(subject("d/best.pt", "/x"), "best.pt");
  EXPECT_EQ(subject("cc33dd", "/"), "best.pt");
  EXPECT_EQ(subject("checkpoint:best.pt", "/"), "best.pt");
  EXPECT_EQ(subject(task, "/"), "finetune");
  EXPECT_EQ(subject(task.substr(0, 8) + ".." + task.substr(32), "/"), "finetune");
  EXPECT_EQ(subject("task:" + task, "/"), "finetune");
  EXPECT_EQ(subject("bset.pt", "/"),
            "there is no object, task or workflow bset.pt; did you mean best.pt or base.pt?");
  const Result<Why> many = explain(session, task.substr(0, 8), "/");
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(many.status().message().find("may mean 4 things"), std::string::npos)
      << many.status().message();
}

}  // namespace
}  // namespace headrace::query
