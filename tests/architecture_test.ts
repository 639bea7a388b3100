/** The module graph, as Deno sees it, keeps to docs/explanation/design.md. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { filesBelow } from "./support/files.ts";

/** What a module imports: by which name, from which file, and whether before it runs. */
interface Import {
  readonly name: string;
  readonly file: string;
  /** Types alone: they vanish when the program runs, but they tie files together all the same. */
  readonly isType: boolean;
  /** `import()` waits until it is reached. */
  readonly isDynamic: boolean;
}

/**
 * The order of the house, from the top: a file may import from its own folder and from what stands
 * below, types and lazy imports included.
 */
const ORDER = [
  "cli.ts",
  "mod.ts",
  "lib/library/",
  "lib/commands/",
  "lib/bench/",
  "lib/command_line/",
  "experiments/",
  "lib/reproduce.ts",
  "lib/bundle/",
  "lib/report/",
  "lib/executors/",
  "lib/tables/",
  "lib/results/",
  "lib/store/",
  "lib/estimates/",
  "lib/vgg/",
  "lib/weights/",
  "lib/tensorflow/",
  "lib/datasets/",
  "lib/score.ts",
  "lib/system/",
  "lib/plan.ts",
  "lib/key.ts",
  "lib/experiment.ts",
  "lib/setup.ts",
  "lib/statistics/",
  "lib/stand_ins/",
  "lib/schema.ts",
  "lib/did_you_mean.ts",
  "lib/numbers.ts",
  "lib/errors.ts",
];

const root = fileURLToPath(new URL("../", import.meta.url));

/** TypeScript files below a folder of the project. */
function filesIn(folder: string): string[] {
  return filesBelow(join(root, folder)).filter((path) => path.endsWith(".ts"))
    .map((path) => `${folder}/${path}`);
}

/** Where the program, its threads and its library of graphs begin. */
const ENTRIES = [
  "cli.ts",
  "mod.ts",
  "lib/tensorflow/mod.ts",
  ...filesIn("lib").filter((file) => /\/worker\.ts$|^lib\/bench\//.test(file)),
];

const pathOf = (url: string) => url.startsWith("file:") ? relative(root, fileURLToPath(url)) : url;

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    /** Why it could not be read. */
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

/** Imports of every module behind the entries, by file. */
async function readModules(): Promise<Map<string, Import[]>> {
  const infos = await Promise.all(ENTRIES.map(async (entry) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", join(root, entry)],
      cwd: root,
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout)) as Info;
  }));
  return new Map(
    infos.flatMap(({ modules }) => modules.filter(({ error }) => !error)).map(
      ({ specifier, dependencies = [] }) => {
        const imports = dependencies.map(({ specifier, code, type, isDynamic = false }) => ({
          name: specifier,
          file: pathOf((code ?? type)?.specifier ?? specifier),
          isType: code === undefined,
          isDynamic,
        }));
        return [pathOf(specifier), imports];
      },
    ),
  );
}

const modules = await readModules();
const ours = [...modules.keys()].filter((file) =>
  /^(lib|experiments)\/|^(cli|mod)\.ts$/.test(file)
);
const importsOf = (file: string) => modules.get(file) ?? [];

/** All that is loaded before `file` runs. */
function loadedBy(file: string): Set<string> {
  const seen = new Set<string>();
  const open = [file];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(
      ...importsOf(next).filter((i) => !i.isType && !i.isDynamic).map(({ file }) => file),
    );
  }
  return seen;
}

/** The place of a file in the order; -1 where it has none. */
const placeOf = (file: string) =>
  ORDER.findIndex((place) => place.endsWith("/") ? file.startsWith(place) : file === place);

Deno.test("every file has a place in the order, and imports only from there or below", () => {
  assert.deepEqual(ours.filter((file) => placeOf(file) === -1), []);
  const wrong = ours.flatMap((file) =>
    importsOf(file).filter((other) => ours.includes(other.file))
      .filter((other) => placeOf(other.file) < placeOf(file))
      .map((other) => `${file} imports ${other.file}`)
  );
  assert.deepEqual(wrong, []);
});

/** Nodes of a graph that reach themselves. */
function inCircles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return [...graph.keys()].filter((start) => {
    const seen = new Set<string>();
    const open = [...graph.get(start) ?? []];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === start) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...graph.get(next) ?? []);
    }
    return false;
  });
}

/** Imports between files as imports between names that `nameOf` gives them; within one they vanish. */
function importGraph(nameOf: (file: string) => string | undefined): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const file of ours) {
    const from = nameOf(file);
    if (from === undefined) continue;
    const to = graph.get(from) ?? new Set();
    graph.set(from, to);
    for (const { file: other } of importsOf(file)) {
      const name = ours.includes(other) && other !== file ? nameOf(other) : undefined;
      if (name !== undefined && (name !== from || name === file)) to.add(name);
    }
  }
  return graph;
}

Deno.test("no file imports itself by way of others, types and lazy imports counted", () => {
  assert.deepEqual(inCircles(importGraph((file) => file)), []);
});

Deno.test("inside every folder, files and folders import one way", () => {
  const folders = new Set(ours.map(dirname).filter((folder) => folder !== "."));
  for (const folder of folders) {
    const prefix = `${folder}/`;
    const partOf = (file: string) =>
      file.startsWith(prefix) ? file.slice(prefix.length).split("/")[0] : undefined;
    assert.deepEqual(inCircles(importGraph(partOf)), [], folder);
  }
});

Deno.test("the top of lib is the walk of a table, and leaves: ten files at most", () => {
  const top = [...Deno.readDirSync(join(root, "lib"))].filter(({ isFile }) => isFile);
  assert.ok(top.length <= 10, top.map(({ name }) => name).join(" "));
});

Deno.test("the tree in the docs has the folders of the order, in its order", async () => {
  const design = await Deno.readTextFile(join(root, "docs/explanation/design.md"));
  const listed = [...design.matchAll(/^(\S+\/) {2,}\S/gm)].map(([, folder]) => folder!);
  const folders = ORDER.filter((place) => place.endsWith("/"));
  assert.deepEqual(listed.filter((folder) => /^(lib|experiments)/.test(folder)), folders);
});

Deno.test("no two types of the project share a name", async () => {
  const files = new Map<string, string[]>();
  // names in stand_ins/ are those of the packages that it stands in for
  for (const file of ours.filter((file) => /\.ts$/.test(file) && !/stand_ins/.test(file))) {
    const text = await Deno.readTextFile(join(root, file));
    for (const [, name] of text.matchAll(/^(?:export )?(?:interface|type|class) (\w+)/gm)) {
      files.set(name!, [...files.get(name!) ?? [], file]);
    }
  }
  assert.deepEqual([...files].filter(([, places]) => places.length > 1), []);
});

/** What waits until it is needed: TensorFlow takes 0.2 s to load, image libraries 0.1 s. */
const HEAVY = /tfjs-node|sharp|iconify|protobufjs|h5wasm|^lib\/tensorflow\/(addon|graph|session)/;

for (
  const file of [
    "cli.ts",
    "mod.ts",
    "lib/commands/main.ts",
    "lib/commands/plan.ts",
    "lib/commands/status.ts",
    "lib/commands/report.ts",
    "lib/commands/beside.ts",
    "lib/commands/export_log.ts",
    "lib/command_line/cluster.ts",
    "lib/commands/claims.ts",
    "lib/commands/train.ts",
    "lib/commands/evaluate.ts",
    "lib/commands/export.ts",
    "lib/commands/fuse.ts",
    "lib/commands/submission.ts",
    "lib/commands/why.ts",
    "lib/commands/diff.ts",
    "lib/commands/bundle.ts",
    "lib/commands/verify.ts",
    "lib/commands/compare.ts",
    "lib/bundle/write.ts",
    "lib/bundle/verify.ts",
    "lib/system/environment.ts",
    "lib/results/lineage.ts",
    "experiments/mod.ts",
    "lib/tables/mod.ts",
    "lib/plan.ts",
    "lib/estimates/cost.ts",
    "lib/store/mod.ts",
    "lib/statistics/mod.ts",
    "lib/report/mod.ts",
    "lib/report/html/mod.ts",
    "lib/datasets/mod.ts",
  ]
) {
  Deno.test(`${file} loads neither TensorFlow nor an image library`, () => {
    assert.ok(modules.has(file), `Cannot find ${file} behind ${ENTRIES}`);
    assert.deepEqual([...loadedBy(file)].filter((other) => HEAVY.test(other)), []);
  });
}

Deno.test("only the method sees a tensor: lib/vgg, and who starts its sessions", () => {
  const users = ours.filter((file) =>
    !file.startsWith("lib/tensorflow/") &&
    importsOf(file).some((i) => !i.isType && /^lib\/tensorflow\/(?!install\/)/.test(i.file))
  );
  const others = users.filter((file) => !file.startsWith("lib/vgg/"));
  assert.ok(users.length > others.length);
  const allowed = /^lib\/executors\/local\/(engine|worker|out_of_memory)\.ts$|^lib\/bench\//;
  assert.deepEqual(others.filter((file) => !allowed.test(file)), []);
});

/** Packages of the import map; the others are files of the project. */
const packages = Object.entries(project.imports)
  .filter(([, target]) => target.startsWith("npm:")).map(([name]) => name);

Deno.test("only the import map names packages, each with its exact version", () => {
  const named = ours.flatMap((file) =>
    importsOf(file).filter(({ name }) => /^(npm|jsr|https?):/.test(name))
      .map(({ name }) => `${file} imports ${name}`)
  );
  assert.deepEqual(named, []);
  for (const name of packages) {
    const target = (project.imports as Record<string, string>)[name]!;
    assert.match(target, /@\d+\.\d+\.\d+$/);
    assert.equal(target.slice("npm:".length, target.lastIndexOf("@")), name);
  }
});

Deno.test("each package is imported in exactly one file, of the program or else of the tests", async () => {
  const textsOf = (files: readonly string[]) =>
    Promise.all(
      files.map(async (file) => [file, await Deno.readTextFile(join(root, file))] as const),
    );
  const [sources, tests] = await Promise.all([
    textsOf(ours.filter((file) => file.endsWith(".ts"))),
    textsOf(filesIn("tests")),
  ]);
  for (const name of packages) {
    // also by require() and require.resolve(), which `deno info` does not follow
    const use = new RegExp(`(?:from |import |import\\(|require\\(|resolve\\()"${name}[/"]`);
    const usersIn = (texts: typeof sources) =>
      texts.filter(([, text]) => use.test(text)).map(([file]) => file);
    const users = usersIn(sources).length > 0 ? usersIn(sources) : usersIn(tests);
    assert.equal(users.length, 1, `${name} is imported in ${users.join(", ") || "no file"}`);
  }
});

Deno.test("no file is left that nothing uses", () => {
  const files = ["lib", "experiments"].flatMap((folder) => filesIn(folder));
  // what `init` copies is no module of the program
  const isCopied = (file: string) => file.startsWith("lib/commands/starter/");
  assert.deepEqual(files.filter((file) => !modules.has(file) && !isCopied(file)), []);
});
