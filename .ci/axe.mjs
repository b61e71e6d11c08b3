// node axe.mjs MODULES PAGE…: holds pages against axe, wide and narrow, light and dark; exits 1 where it finds something
// serious or critical. MODULES is a node_modules folder with axe-core and puppeteer-core; CHROME names the browser.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...pages] = process.argv.slice(2);
const require = createRequire(pathToFileURL(resolve(modules, "x.js")));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [1400, 390];
const SCHEMES = ["light", "dark"];
const GRAVE = new Set(["serious", "critical"]);

const browser = await puppeteer.launch({
  executablePath: process.env.CHROME ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
let grave = 0;
try {
  for (const page of pages) {
    for (const width of WIDTHS) {
      for (const scheme of SCHEMES) {
        for (const open of [false, true]) {
          const tab = await browser.newPage();
          await tab.setBypassCSP(true);
          await tab.setViewport({ width, height: 900 });
          await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
          await tab.goto(pathToFileURL(resolve(page)).href);
          if (open) await tab.evaluate(() => document.querySelectorAll("details").forEach((box) => (box.open = true)));
          await tab.evaluate(axe);
          const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
          for (const { id, impact, help, nodes } of violations) {
            if (GRAVE.has(impact)) grave += 1;
            console.log(`${page} ${width} ${scheme}${open ? " open" : ""}: ${impact} ${id}: ${help} (${nodes.length} places)`);
            for (const node of nodes.slice(0, 3)) console.log(`    ${node.target.join(" ")}: ${node.html.slice(0, 160)}`);
          }
          await tab.close();
        }
      }
    }
  }
} finally {
  await browser.close();
}
console.log(`axe: ${pages.length} page(s), ${grave} serious finding(s)`);
process.exitCode = pages.length === 0 || grave > 0 ? 1 : 0;
