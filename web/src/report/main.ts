// Starts the report: reads the document that stands in the page, or says in words why it cannot.
import type { Report } from "../api/report.ts";
import { element } from "../views/element.ts";
import { page } from "./page.ts";
import "./report.css";

function start(): void {
  const host = document.getElementById("report");
  if (!host) return;
  try {
    const text = document.getElementById("report-data")?.textContent ?? "";
    const report = JSON.parse(text) as Report;
    if (report.format !== "headrace.report" || report.version !== 1) {
      throw new Error(`this page reads version 1 of headrace.report, the data is ${String(report.format)} ${String(report.version)}`);
    }
    page(host, report);
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
