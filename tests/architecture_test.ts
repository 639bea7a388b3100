/** The module graph, as Deno sees it, keeps to docs/explanation/design.md. */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };

/** What a module imports: by which name, from which file, and whether before it runs. */
interface Import {
  readonly name: string;
  readonly file: string;
  /** Imports of types alone vanish, and may point anywhere. */
  readonly isType: boolean;
  /** `import()` waits until it is reached. */
  readonly isDynamic: boolean;
}

/** A module may import values from its own line and from those below, never in a circle. */
const LEVELS = [
  ["cli.ts"],
  ["lib/commands/", "lib/command_line/", "lib/bench/"],
  ["experiments/"],
  ["lib/reproduce.ts"],
  ["lib/bundle/"],
  ["lib/report/"],
  ["lib/executors/"],
  ["lib/results/"],
  ["lib/store/"],
  ["lib/estimates/"],
  ["lib/vgg/"],
  ["lib/weights/"],
  ["lib/tensorflow/"],
  ["lib/datasets/"],
  ["lib/score.ts"],
  ["lib/system/"],
  ["lib/plan.ts"],
  ["lib/experiment.ts"],
  ["lib/setup.ts"],
  ["lib/statistics/"],
  ["lib/stand_ins/"],
  ["lib/schema.ts"],
  ["lib/did_you_mean.ts"],
  ["lib/random.ts"],
  ["lib/errors.ts"],
  ["lib/numbers.ts"],
];

const root = fileURLToPath(new URL("../", import.meta.url));

/** TypeScript files below a folder of the project. */
function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? filesIn(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** Where the program, its threads and its library of graphs begin. */
const ENTRIES = [
  "cli.ts",
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
const ours = [...modules.keys()].filter((file) => /^(lib|experiments)\/|^cli\.ts$/.test(file));
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

const levelOf = (file: string) =>
  LEVELS.findIndex((line) => line.some((at) => file.startsWith(at)));

Deno.test("imports of values point downwards, or to a sibling", () => {
  const wrong = ours.flatMap((file) => {
    assert.notEqual(levelOf(file), -1, `Cannot place ${file}: give it a line in LEVELS`);
    return importsOf(file)
      .filter((other) => !other.isType && ours.includes(other.file))
      .filter((other) => levelOf(other.file) < levelOf(file))
      .map((other) => `${file} imports ${other.file}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("no module needs itself", () => {
  const circles = ours.flatMap((file) =>
    importsOf(file).filter((i) => !i.isType && !i.isDynamic && loadedBy(i.file).has(file))
      .map((i) => `${file} and ${i.file}`)
  );
  assert.deepEqual(circles, []);
});

Deno.test("nothing below the command line knows the commands or the paper's tables, not even their types", () => {
  const wrong = ours.filter((file) => /^lib\/(?!commands|command_line|bench)/.test(file)).flatMap((
    file,
  ) =>
    importsOf(file).filter((i) => /^(lib\/commands|experiments)\//.test(i.file))
      .map((i) => `${file} imports ${i.file}`)
  );
  assert.deepEqual(wrong, []);
});

/** What waits until it is needed: TensorFlow takes 0.2 s to load, image libraries 0.1 s. */
const HEAVY = /tfjs-node|sharp|iconify|protobufjs|h5wasm|^lib\/tensorflow\/(addon|graph|session)/;

for (
  const file of [
    "cli.ts",
    "lib/commands/plan.ts",
    "lib/commands/status.ts",
    "lib/commands/report.ts",
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
    "lib/bundle/write.ts",
    "lib/bundle/verify.ts",
    "lib/system/environment.ts",
    "lib/results/lineage.ts",
    "experiments/mod.ts",
    "lib/plan.ts",
    "lib/estimates/cost.ts",
    "lib/store/mod.ts",
    "lib/score.ts",
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
  const allowed = /^lib\/executors\/local\/(run|worker|out_of_memory)\.ts$|^lib\/bench\//;
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

Deno.test("each package is imported in exactly one file", async () => {
  const sources = await Promise.all(
    ours.filter((file) => file.endsWith(".ts")).map(
      async (file) => [file, await Deno.readTextFile(join(root, file))] as const,
    ),
  );
  for (const name of packages) {
    // also by require() and require.resolve(), which `deno info` does not follow
    const use = new RegExp(`(?:from |import |import\\(|require\\(|resolve\\()"${name}[/"]`);
    const users = sources.filter(([, text]) => use.test(text)).map(([file]) => file);
    assert.equal(users.length, 1, `${name} is imported in ${users.join(", ") || "no file"}`);
  }
});

Deno.test("no file is left that nothing uses", () => {
  const files = ["lib", "experiments"].flatMap((folder) => filesIn(folder));
  assert.deepEqual(files.filter((file) => !modules.has(file)), []);
});
