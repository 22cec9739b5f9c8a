import { afterEach, describe, expect, it, vi } from "vitest";

async function linkIn(pathname: string): Promise<typeof import("../src/state/link.ts")> {
  vi.resetModules();
  vi.stubGlobal("location", { pathname });
  return import("../src/state/link.ts");
}
afterEach(() => vi.unstubAllGlobals());

describe("a link", () => {
  it("leads within the source that the page is of", async () => {
    const { linkTo } = await linkIn("/s/eval/campaign/x");
    expect(["/", "/energy", "/task/a?sel=b#why"].map(linkTo)).toEqual(["/s/eval/", "/s/eval/energy", "/s/eval/task/a?sel=b#why"]);
    expect((await linkIn("/campaign/x")).linkTo("/energy")).toBe("/energy");
  });

  it("takes along what is the reader's, unless it says otherwise", async () => {
    const { linkTo, takeAlong } = await linkIn("/");
    takeAlong((path) => (path === "/about" ? {} : { theme: "dark" }));
    expect(["/energy?campaign=a%26b", "/energy?theme=light", "/about", "/task/a#why"].map(linkTo)).toEqual(["/energy?campaign=a%26b&theme=dark", "/energy?theme=light", "/about", "/task/a?theme=dark#why"]);
  });
});
