// Starts the report: reads the document that stands in the page, or says in words why it cannot.
import type { Report } from "../api/report.ts";
import { element } from "../views/element.ts";
import { oneView, type SingleView } from "./one_view.ts";
import { page } from "./page.ts";
import "./report.css";

function start(): void {
  const host = document.getElementById("report");
  if (!host) return;
  try {
    const text = document.getElementById("report-data")?.textContent ?? "";
    const data = JSON.parse(text) as Report | SingleView;
    if (data.version !== 1 || (data.format !== "headrace.report" && data.format !== "headrace.view")) {
      throw new Error(`this page reads version 1 of headrace.report and headrace.view, the data is ${String(data.format)} ${String(data.version)}`);
    }
    if (data.format === "headrace.view") oneView(host, data);
    else page(host, data);
    document.documentElement.dataset.ready = "yes";
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    host.replaceChildren(
      element("main", { id: "main" },
        element("h1", {}, "This report cannot be shown"),
        element("p", {}, `The data in the file could not be read: ${reason}.`),
        element("p", {}, "Write it again with: headrace report -o FILE.html")),
    );
    throw cause;
  }
}

start();
