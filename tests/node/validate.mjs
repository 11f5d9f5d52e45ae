// Prints the Khronos glTF validator's report on one file as JSON: node validate.mjs scene.glb
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { validateBytes } from "gltf-validator";

const path = process.argv[2];
const report = await validateBytes(new Uint8Array(await readFile(path)), {
  uri: basename(path),
  maxIssues: 100,
});
process.stdout.write(JSON.stringify(report));
