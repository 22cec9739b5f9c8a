// A headless Chromium with an empty profile: one window, or many windows that know nothing of one another.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export function chromiumPath() {
  const found = [process.env.HEADRACE_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
  if (!found) throw new Error("no Chromium is installed; script/setup installs Debian's, HEADRACE_CHROMIUM names another");
  return found;
}

const launch = () => ({
  executablePath: chromiumPath(),
  headless: true,
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
});

/**
 * `zoom` is the browser's: at 2 a window holds half as many CSS pixels.
 * @typedef {{ width: number, height?: number, theme: "light" | "dark", zoom?: number }} Window
 * @param {Window} options
 * @returns {import("playwright-core").BrowserContextOptions}
 */
const windowOf = ({ width, height = 900, theme, zoom = 1 }) => ({
  viewport: { width: Math.round(width / zoom), height: Math.round(height / zoom) },
  deviceScaleFactor: zoom,
  colorScheme: theme,
  reducedMotion: "reduce",
});

/**
 * One browser; `open` makes a window in it, without cookies of others, and closes it.
 * @template T
 * @param {(open: <U>(options: Window, use: (page: import("playwright-core").Page) => Promise<U>) => Promise<U>) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withBrowser(use) {
  const browser = await chromium.launch(launch());
  try {
    return await use(async (options, inside) => {
      const context = await browser.newContext(windowOf(options));
      try {
        return await inside(await context.newPage());
      } finally {
        await context.close();
      }
    });
  } finally {
    await browser.close();
  }
}

/**
 * @template T
 * @param {Window} options
 * @param {(page: import("playwright-core").Page) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withPage(options, use) {
  const profile = mkdtempSync(join(tmpdir(), "headrace-chromium-"));
  try {
    const context = await chromium.launchPersistentContext(profile, { ...launch(), ...windowOf(options) });
    try {
      return await use(context.pages()[0] ?? (await context.newPage()));
    } finally {
      await context.close();
    }
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
