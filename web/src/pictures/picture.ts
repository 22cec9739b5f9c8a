// What a view shows of an answer, and the same figures as a table: made once for whoever draws it, the
// page, a report or a notebook.
import type { Column } from "../views/table.ts";

export interface Picture<Row, View> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  id(row: Row): string;
  make(host: HTMLElement): View;
}
