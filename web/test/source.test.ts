import { describe, expect, it } from "vitest";
import { sourceOf } from "../src/state/source.ts";

describe("sourceOf", () => {
  it("is what stands before the page's own path", () => {
    expect(sourceOf("/s/eval/campaign/x")).toBe("/s/eval");
    expect(sourceOf("/s/eval/")).toBe("/s/eval");
    expect(sourceOf("/campaign/s")).toBe("");
    expect(sourceOf("/s/")).toBe("");
  });
});
