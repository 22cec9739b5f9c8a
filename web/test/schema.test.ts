import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { statuses } from "../src/api/report.ts";
import { fixture } from "./fixture.mjs";

const schema = JSON.parse(readFileSync(new URL("../../schema/report.schema.json", import.meta.url), "utf8")) as {
  $defs: { status: { enum: string[] } };
};
const ajv = new Ajv2020({ allErrors: true, strict: false });
const valid = ajv.compile(schema);

describe("the contract", () => {
  it("holds for what the tests draw, so page and program mean the same", () => {
    valid(JSON.parse(JSON.stringify(fixture({ steps: 4 }))));
    expect(valid.errors ?? []).toEqual([]);
  });
  it("is strict: an unknown or missing field is an error", () => {
    const { of, ...rest } = fixture({ steps: 2 });
    expect(valid({ ...rest, of, extra: 1 })).toBe(false);
    expect(valid(rest)).toBe(false);
  });
  it("numbers statuses as the page does", () => expect(schema.$defs.status.enum).toEqual([...statuses]));
});
