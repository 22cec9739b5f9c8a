import { describe, expect, it } from "vitest";
import { inTurn } from "../src/state/turns.ts";

const soon = (): Promise<void> => new Promise((go) => setTimeout(go));

describe("turns", () => {
  it("asks for what is seen first before the rest", async () => {
    const order: string[] = [];
    let workflowCame = (): void => undefined;
    let timelineCame = (): void => undefined;
    const main = inTurn("/workflows/7", () => new Promise<void>((go) => (workflowCame = go)));
    const line = inTurn("/timeline", () => new Promise<void>((go) => (timelineCame = go)));
    const rest = ["/summary", "/graph", "/workflows"].map((path) => inTurn(path, async () => order.push(path)));
    await soon();
    expect(order).toEqual([]);
    workflowCame();
    await main;
    await soon();
    expect(order).toEqual([]);
    timelineCame();
    await Promise.all([line, ...rest]);
    expect(order).toEqual(["/summary", "/graph", "/workflows"]);
    // Nobody waits for what was refused.
    await expect(inTurn("/timeline", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await inTurn("/summary", async () => 7)).toBe(7);
  });
});
