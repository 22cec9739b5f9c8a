import { describe, expect, it } from "vitest";
import { addressOf } from "../src/api/client.ts";
import { openingQuestions } from "../src/state/opening.ts";

const asked = (path: string, search = ""): string[] => openingQuestions(path, search, 1100, 25).map((one) => addressOf(one.path, one.query));

describe("what a page opens on", () => {
  it("is a workflow and its timeline as the address wants it", () => {
    expect(asked("/workflow/7a")).toEqual(["/api/v1/workflows/7a", "/api/v1/timeline?workflow=7a&width=1100&lanes=25&lanes_from=0"]);
    expect(asked("/workflow/7a", "?colour=energy&lanes=120")[1]).toBe("/api/v1/timeline?workflow=7a&width=1100&lanes=25&lanes_from=120&colour=energy");
  });

  it("is the graph too where the address names its level", () => {
    expect(asked("/workflow/7a", "?level=task&around=b")[2]).toBe("/api/v1/graph?workflow=7a&level=task&around=b&limit=10000");
    expect(asked("/workflow/7a", "?level=other")).toHaveLength(2);
  });

  it("is left to other pages themselves", () => {
    expect(asked("/")).toEqual([]);
    expect(asked("/task/7a")).toEqual([]);
  });
});
