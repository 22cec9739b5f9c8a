// Runs first, and is small: the first answers and the code that shows them come side by side.
import { lanesInSight, openingQuestions, timelineWidth } from "../state/opening.ts";
import { server } from "../state/server.ts";
import { source } from "../state/source.ts";
import { inTurn } from "../state/turns.ts";

const path = location.pathname.slice(source.length) || "/";
for (const { path: what, query } of openingQuestions(path, location.search, timelineWidth(), lanesInSight())) void inTurn(what, () => server.ahead(what, query), true);
void import("./main.ts");
if (path.startsWith("/workflow/")) void import("./Workflow.svelte");
