// A headless Chromium with an empty profile that may open one file and nothing else.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export function chromiumPath() {
  const found = [process.env.HEADRACE_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
  if (!found) throw new Error("no Chromium is installed; script/setup installs Debian's, HEADRACE_CHROMIUM names another");
  return found;
}

/**
 * @template T
 * @param {{ width: number, height?: number, theme: "light" | "dark" }} options
 * @param {(page: import("playwright-core").Page) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withPage(options, use) {
  const profile = mkdtempSync(join(tmpdir(), "headrace-chromium-"));
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath(),
      headless: true,
      args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
      viewport: { width: options.width, height: options.height ?? 900 },
      colorScheme: options.theme,
      reducedMotion: "reduce",
    });
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      return await use(page);
    } finally {
      await context.close();
    }
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
