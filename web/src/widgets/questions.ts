// The same question for other places: SQL for the console, Python for a notebook, a line for a shell.

export interface Ask {
  readonly sql: string;
  readonly python: string;
  readonly cli: string;
}

export function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

export function pythonText(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

// Quoted for a POSIX shell.
export function shellText(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

export function askSql(sql: string): Ask {
  const inside = sql.replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"');
  return {
    sql,
    python: `import headrace as hr\n\nhr.open().sql("""\n${inside}\n""").to_pandas()`,
    cli: `headrace query ${shellText(sql.replace(/\s+/g, " ").trim())}`,
  };
}

// Only these: "\n  AND workflow_id IN (…)" in SQL, "id:…" as a filter. "" where `ids` is null: all.
export function sqlAmong(column: string, ids: Iterable<string> | null): string {
  return ids ? `\n  AND ${column} IN (${[...ids].map(sqlText).join(", ")})` : "";
}
export function filterAmong(field: string, ids: Iterable<string> | null): string {
  return ids ? ` ${field}:${[...ids].join(",")}` : "";
}

// A question that has a verb of its own, beside the SQL that comes nearest.
export function askVerb(sql: string, python: string, cli: string): Ask {
  return { sql, python: `import headrace as hr\n\n${python}`, cli };
}
