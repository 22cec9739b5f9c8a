import { describe, expect, it } from "vitest";
import { unpack, unpackBig } from "../src/api/columns.ts";
import { tasksOf } from "../src/api/tasks.ts";
import { fixture, idOf } from "./fixture.mjs";
import { pack } from "./pack.mjs";

describe("columns", () => {
  it.each(["varint", "runs"] as const)("%s keeps unsigned numbers, beyond 32 bits too", (encoding) => {
    const values = [0, 1, 127, 128, 128, 128, 300, 2 ** 32 + 5, 2 ** 53 - 1];
    expect([...unpack(pack(encoding, values), values.length)]).toEqual(values);
  });
  it.each(["signed", "delta"] as const)("%s keeps signed numbers", (encoding) => {
    const values = [0, -1, 5, -2000, 2 ** 40, -(2 ** 40), 7];
    expect([...unpack(pack(encoding, values), values.length)]).toEqual(values);
  });
  it("keeps 64-bit ids, also when they wrap", () => {
    const values = [2n ** 64n - 1n, 0n, 1n, 0x8000_0000_0000_0000n, 3n];
    expect([...unpackBig(pack("delta", values), values.length)]).toEqual(values);
  });
  it("reads single floats and their absence", () => {
    const got = unpack(pack("f32", [0.5, Number.NaN, 3]), 3);
    expect(got[0]).toBe(0.5);
    expect(got[1]).toBeNaN();
  });
  it("refuses a column that ends early or overruns", () => {
    expect(() => unpack({ encoding: "varint", data: Buffer.from([1, 0x80]).toString("base64") }, 2)).toThrow(/middle of a number/);
    expect(() => unpack({ encoding: "runs", data: Buffer.from([1, 9]).toString("base64") }, 2)).toThrow(/runs/);
  });
});

describe("tasks", () => {
  it("gives each row its id, parent, place and values back", () => {
    const report = fixture({ steps: 5 });
    const tasks = tasksOf(report);
    expect(tasks.rows).toBe(report.tasks.rows);
    const row = tasks.row(report.tradeoff?.best ?? "");
    expect(tasks.activityOf(row)).toBe("finetune");
    expect(tasks.id(row)).toBe(report.tradeoff?.best);
    const children = [...tasks.parent].map((p, i) => (p === row ? i : -1)).filter((i) => i >= 0);
    expect(children.map((c) => tasks.activityOf(c))).toEqual(["epoch", "epoch", "epoch"]);
    expect(JSON.parse(tasks.values.get(row)?.generated ?? "{}")).toHaveProperty("val_loss", 2.0213);
    expect(tasks.row(idOf(1n))).toBe(-1);
  });
});
