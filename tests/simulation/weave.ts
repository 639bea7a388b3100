/**
 * Rewrites modules of the program so that a simulation can stop them at every file call, in the middle of
 * synchronous functions, and let another one go on in the same thread. Functions that may reach such a
 * call become generators, and what they call is yielded to who drives them (`runtime.ts`). Names decide what may reach one: where two functions
 * share a name, both are treated alike. That costs time alone, because each call looks at what it got.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { parse as parseModule } from "acorn";

/** A node of a syntax tree (ESTree). */
interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** A module as the text of a function's body, with what it imports and exports. */
export interface Woven {
  /** Uses `$import`, `$export` and the functions of `runtime.ts`. */
  readonly text: string;
  /** Modules that it imports by `$import(NAME)`. */
  readonly imports: readonly string[];
}

/** A function of a module, and what is known of it. */
interface FunctionFacts {
  readonly node: Syntax;
  readonly outer: FunctionFacts | undefined;
  readonly names: readonly string[];
  readonly isAsync: boolean;
  /** Constructors, getters, generators, and what the language itself calls. */
  readonly isPlain: boolean;
  /** What its parameters and variables are. */
  readonly bound: Map<string, "value" | "function">;
  mayWait: boolean;
}

interface ModuleFacts {
  readonly name: string;
  readonly source: string;
  readonly tree: Syntax;
  /** Calls, each with the function around it, and whether it stands among that one's parameters. */
  readonly calls: { readonly node: Syntax; readonly inside: FunctionFacts | undefined }[];
  readonly functions: Map<Syntax, FunctionFacts>;
  readonly bound: Map<string, "value" | "function">;
  /** Names of members that may be any function: `{ unlisten }`, where that is a variable. */
  readonly values: Set<string>;
  /** Names of private methods; other private members may be any function. */
  readonly methods: Set<string>;
  /** Other names of functions: `{ onLog: log.write }`. */
  readonly aliases: { readonly name: string; readonly of: string }[];
  /** Calls that may wait. */
  readonly waiting: Set<Syntax>;
  /** Calls whose value is that of the function around them. */
  readonly last: ReadonlySet<Syntax>;
}

/** Methods of arrays that call a function for each value. */
const EACH = "map flatMap filter find findLast findIndex some every forEach reduce from".split(" ");

/**
 * Rewrites modules that are called by each other.
 *
 * @param sources TypeScript by the modules' names
 * @param primitives names of functions that wait by themselves
 * @param isStrict whether all other calls are given to `$sure`, which may see that they do not wait
 * @throws {SyntaxError} A module uses what cannot be rewritten.
 */
export function weave(
  sources: ReadonlyMap<string, string>,
  primitives: readonly string[],
  isStrict = false,
): Map<string, Woven> {
  const waitingNames = new Set(primitives);
  const modules = [...sources].map(([name, source]) => factsOf(name, source));
  for (const { functions } of modules) {
    for (const facts of functions.values()) if (facts.isAsync) mark(facts, waitingNames);
  }
  for (let before = -1; before !== waitingNames.size;) {
    before = waitingNames.size;
    for (const facts of modules) spread(facts, waitingNames);
  }
  const generators = modules.flatMap(({ functions }) =>
    [...functions.values()].flatMap(({ node, names }) => node.generator ? names : [])
  );
  const others = isStrict ? new Set(generators) : undefined;
  return new Map(modules.map((facts) => [facts.name, rendered(withLast(facts), others)]));
}

/**
 * Finds functions that need not become generators: all their calls that may wait are last ones, as in
 * `return f()`, so that they can pass on what these give.
 */
function withLast(facts: ModuleFacts): ModuleFacts {
  const last = new Set<Syntax>();
  for (const { node, mayWait, isAsync } of facts.functions.values()) {
    if (!mayWait || isAsync) continue;
    const found = lastIn(node);
    const own = facts.calls.filter(({ node: call, inside }) =>
      inside?.node === node && facts.waiting.has(call) && !isInParameters(call, inside)
    );
    if (!own.every(({ node }) => found.has(node))) continue;
    for (const call of found) last.add(call);
  }
  return { ...facts, last };
}

/** Expressions whose value a function returns at once, outside of `try` and `using`. */
function lastIn({ type, body }: Syntax): Set<Syntax> {
  const found = new Set<Syntax>();
  const addValue = (node: Syntax) => {
    if (node.type === "ConditionalExpression") {
      for (const branch of [node.consequent, node.alternate]) addValue(branch as Syntax);
    } else if (node.type === "LogicalExpression") addValue(node.right as Syntax);
    else if (node.type === "ChainExpression") found.add(node.expression as Syntax);
    else found.add(node);
  };
  const addReturns = (node: Syntax) => {
    if (node.type === "TryStatement" || isFunction(node)) return;
    const isHeld = childrenOf(node).some(({ kind }) => kind === "using");
    if (isHeld) return;
    if (node.type === "ReturnStatement" && node.argument) addValue(node.argument as Syntax);
    childrenOf(node).forEach(addReturns);
  };
  const isExpression = type === "ArrowFunctionExpression" &&
    (body as Syntax).type !== "BlockStatement";
  if (isExpression) addValue(body as Syntax);
  else addReturns(body as Syntax);
  return found;
}

/** Looks for further calls that may wait. */
function spread(facts: ModuleFacts, names: Set<string>) {
  for (const { name, of } of facts.aliases) if (names.has(of)) names.add(name);
  // a function without a name may be found later than the call that gets it
  for (let found = true; found;) {
    found = false;
    for (const { node, inside } of facts.calls) {
      if (facts.waiting.has(node) || !mayWait(node, inside, { facts, names })) continue;
      found = true;
      facts.waiting.add(node);
      if (inside && !isInParameters(node, inside)) mark(inside, names);
    }
  }
}

function mark(facts: FunctionFacts, names: Set<string>) {
  if (facts.isPlain) return;
  facts.mayWait = true;
  for (const name of facts.names) names.add(name);
}

function mayWait(
  call: Syntax,
  inside: FunctionFacts | undefined,
  { facts, names }: { readonly facts: ModuleFacts; readonly names: ReadonlySet<string> },
): boolean {
  const callee = call.callee as Syntax;
  const name = nameOf(callee);
  if (names.has(name) || name.startsWith("#") && !facts.methods.has(name)) return true;
  if (callee.type === "MemberExpression" && facts.values.has(name)) return true;
  if (callee.type === "Identifier" && kindOf(name, inside, facts) === "value") {
    return true;
  }
  return [callee, ...call.arguments as Syntax[]].some((given) =>
    facts.functions.get(given)?.mayWait || names.has(nameOf(given))
  );
}

/** What a name is where it is used. */
function kindOf(name: string, inside: FunctionFacts | undefined, { bound }: ModuleFacts) {
  for (let facts = inside; facts; facts = facts.outer) {
    const kind = facts.bound.get(name);
    if (kind !== undefined) return kind;
  }
  return bound.get(name);
}

function isInParameters({ start }: Syntax, { node }: FunctionFacts): boolean {
  return (node.params as Syntax[]).some((param) => start >= param.start && start < param.end);
}

/** The name of an identifier, of a member, or of a private one with its `#`; empty for others. */
function nameOf(node: Syntax | null | undefined): string {
  if (!node) return "";
  if (node.type === "Identifier") return node.name as string;
  if (node.type === "PrivateIdentifier") return `#${node.name}`;
  if (node.type === "MemberExpression" && !node.computed) return nameOf(node.property as Syntax);
  if (node.type === "ChainExpression") return nameOf(node.expression as Syntax);
  return "";
}

/** Sources that were parsed, without types: a defect changes one module alone. */
const parsed = new Map<string, { readonly text: string; readonly tree: Syntax }>();

function parse(source: string) {
  let known = parsed.get(source);
  if (known === undefined) {
    const text = stripTypeScriptTypes(source, { mode: "strip" });
    const tree = parseModule(text, { ecmaVersion: "latest", sourceType: "module" });
    parsed.set(source, known = { text, tree: tree as unknown as Syntax });
  }
  return known;
}

function factsOf(name: string, source: string): ModuleFacts {
  const { text, tree } = parse(source);
  const facts: ModuleFacts = {
    ...{ name, source: text, tree, calls: [], functions: new Map(), bound: new Map() },
    ...{ aliases: [], values: new Set(), methods: new Set(), waiting: new Set(), last: new Set() },
  };
  visit(tree, { facts, inside: undefined, parent: undefined });
  return facts;
}

/** Collects facts of a node and of what is in it. */
function visit(
  node: Syntax,
  { facts, inside, parent }: {
    readonly facts: ModuleFacts;
    readonly inside: FunctionFacts | undefined;
    readonly parent: Syntax | undefined;
  },
) {
  const bound = inside?.bound ?? facts.bound;
  let next = inside;
  if (isFunction(node)) {
    next = functionFacts(node, inside, parent);
    facts.functions.set(node, next);
    if (node.id) bound.set(nameOf(node.id as Syntax), "function");
    for (const param of node.params as Syntax[]) {
      for (const name of namesIn(param)) next.bound.set(name, "value");
    }
  } else if (node.type === "VariableDeclarator") {
    const kind = node.init && isFunction(node.init as Syntax) ? "function" : "value";
    for (const name of namesIn(node.id as Syntax)) bound.set(name, kind);
    alias(facts, node.id, node.init);
  } else if (node.type === "CallExpression") facts.calls.push({ node, inside });
  else if (node.type === "MethodDefinition") facts.methods.add(nameOf(node.key as Syntax));
  else if (node.type === "Property" && !node.computed) {
    const isValue = kindOf(nameOf(node.value as Syntax), inside, facts) === "value";
    if (isValue) facts.values.add(nameOf(node.key as Syntax));
    alias(facts, node.key, node.value);
  } else if (node.type === "AssignmentExpression") alias(facts, node.left, node.right);
  for (const child of childrenOf(node)) visit(child, { facts, inside: next, parent: node });
}

function alias({ aliases }: ModuleFacts, name: unknown, of: unknown) {
  const names = [nameOf(name as Syntax), nameOf(of as Syntax)] as const;
  if (names[0] !== "" && names[1] !== "") aliases.push({ name: names[0], of: names[1] });
}

function functionFacts(
  node: Syntax,
  outer: FunctionFacts | undefined,
  parent: Syntax | undefined,
): FunctionFacts {
  const isMember = ["MethodDefinition", "Property", "PropertyDefinition"].includes(
    parent?.type ?? "",
  );
  const owner = isMember
    ? parent!.key
    : parent?.type === "VariableDeclarator"
    ? parent.id
    : node.id;
  const isSpecial = isMember &&
    (parent!.computed === true || !["method", "init", undefined].includes(parent!.kind as string));
  return {
    ...{ node, outer, bound: new Map(), mayWait: false, isAsync: node.async === true },
    names: [owner, parent?.type === "AssignmentExpression" ? parent.left : undefined]
      .map((node) => nameOf(node as Syntax)).filter((name) => name !== ""),
    isPlain: isSpecial || node.generator === true,
  };
}

function isFunction({ type }: Syntax): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type);
}

/** Names that a pattern binds. */
function namesIn(pattern: Syntax): string[] {
  if (pattern.type === "Identifier") return [pattern.name as string];
  if (pattern.type === "Property") return namesIn(pattern.value as Syntax);
  if (pattern.type === "AssignmentPattern") return namesIn(pattern.left as Syntax);
  return childrenOf(pattern).flatMap(namesIn);
}

/** Nodes directly in a node, by their place. A shorthand `{ a }` has its name once. */
function childrenOf(node: Syntax): readonly Syntax[] {
  let known = children.get(node);
  if (known === undefined) children.set(node, known = childrenIn(node));
  return known;
}

/** Of nodes that were asked for. */
const children = new WeakMap<Syntax, readonly Syntax[]>();

function childrenIn(node: Syntax): Syntax[] {
  const fields = Object.entries(node).filter(([field]) => !(node.shorthand && field === "key"));
  return fields.flatMap(([, value]) => Array.isArray(value) ? value : [value])
    .filter((value): value is Syntax => typeof value?.type === "string")
    .sort((one, other) => one.start - other.start);
}

function rendered(facts: ModuleFacts, generators: ReadonlySet<string> | undefined): Woven {
  const imports: string[] = [];
  const exported: string[] = [];
  const text = new Renderer(facts, { imports, exported, generators }).text(facts.tree, undefined);
  return { text: `"use strict";${text}\n$export({ ${exported.join(", ")} });`, imports };
}

/** Where a node stands. */
type Place = FunctionFacts | undefined;

/** Writes a module again. */
class Renderer {
  readonly #facts: ModuleFacts;
  readonly #imports: string[];
  readonly #exported: string[];
  /** Names that stand anywhere outside of imports. */
  readonly #used: ReadonlySet<string>;

  /** The program's own generators, which `$sure` must not see; undefined without `$sure`. */
  readonly #generators: ReadonlySet<string> | undefined;

  constructor(
    facts: ModuleFacts,
    { imports, exported, generators }: {
      readonly imports: string[];
      readonly exported: string[];
      readonly generators: ReadonlySet<string> | undefined;
    },
  ) {
    this.#facts = facts;
    this.#generators = generators;
    this.#imports = imports;
    this.#exported = exported;
    this.#used = new Set(usedIn(facts.tree));
  }

  text(node: Syntax, place: Place): string {
    const facts = this.#facts.functions.get(node);
    if (facts) return this.#function(facts);
    switch (node.type) {
      case "ImportDeclaration":
        return this.#import(node);
      case "ExportNamedDeclaration":
        return this.#export(node, place);
      case "MetaProperty":
        return `({ url: ${JSON.stringify(this.#facts.name)} })`;
      case "MethodDefinition":
      case "Property": {
        const method = this.#facts.functions.get(node.value as Syntax);
        const isMethod = node.type === "MethodDefinition" || node.method === true;
        if (isMethod && method && (method.mayWait || method.isAsync)) {
          return this.#method(node, method, place);
        }
        break;
      }
      case "AwaitExpression":
        return `(yield $await(${this.text(node.argument as Syntax, place)}))`;
      case "ChainExpression": {
        const inner = node.expression as Syntax;
        if (!this.#facts.waiting.has(inner)) break;
        return this.#waited(this.#plain(inner, place), node, place);
      }
      case "CallExpression":
        if (this.#facts.waiting.has(node)) return this.#call(node, place);
        if (!this.#isChecked(node)) break;
        return `$sure(${this.#plain(node, place)})`;
    }
    return this.#plain(node, place);
  }

  #isChecked(call: Syntax): boolean {
    const callee = call.callee as Syntax;
    if (this.#generators === undefined || isOptional(call) || callee.type === "Super") return false;
    return !this.#generators.has(nameOf(callee));
  }

  /** The source, with what is in it rendered. */
  #plain(node: Syntax, place: Place): string {
    const { source } = this.#facts;
    let [text, at] = ["", node.start];
    for (const child of childrenOf(node)) {
      text += source.slice(at, child.start) + this.text(child, place);
      at = child.end;
    }
    return text + source.slice(at, node.end);
  }

  #call(node: Syntax, place: Place): string {
    const callee = node.callee as Syntax;
    const given = node.arguments as Syntax[];
    if (EACH.includes(nameOf(callee)) && callee.type === "MemberExpression") {
      if (node.optional || callee.optional) throw this.#problem(node, "?. before a list's method");
      const list = this.text(callee.object as Syntax, place);
      const others = given.map((argument) => this.text(argument, place));
      const each = `$each(${[list, JSON.stringify(nameOf(callee)), ...others].join(", ")})`;
      return this.#waited(each, node, place);
    }
    if (isOptional(node)) throw this.#problem(node, "a call in the middle of a chain of ?.");
    return this.#waited(this.#plain(node, place), node, place);
  }

  #waited(call: string, node: Syntax, place: Place): string {
    const canWait = place?.mayWait && !isInParameters(node, place);
    const expression = node.type === "ChainExpression" ? node.expression as Syntax : node;
    if (canWait && this.#facts.last.has(expression)) return call;
    return canWait ? `(($t = ${call}) instanceof $G ? yield $t : $t)` : `$now(${call})`;
  }

  /** Whether a function that may wait passes on what its last calls give. */
  #passesOn({ node }: FunctionFacts): boolean {
    return this.#facts.calls.every(({ node: call, inside }) =>
      inside?.node !== node || !this.#facts.waiting.has(call) || isInParameters(call, inside) ||
      this.#facts.last.has(call)
    );
  }

  #parameters({ node }: FunctionFacts, place: Place): string {
    return (node.params as Syntax[]).map((param) => this.text(param, place)).join(", ");
  }

  #body(facts: FunctionFacts): string {
    const body = facts.node.body as Syntax;
    const text = this.text(body, facts);
    return body.type === "BlockStatement" ? text : `{ return (${text}); }`;
  }

  /** The body of a function that starts a task. */
  #task(facts: FunctionFacts): string {
    if (hasForAwait(facts.node.body as Syntax)) {
      return '{ throw new Error("The simulation has no for await"); }';
    }
    return `{ return $async((function* () ${this.#body(facts)}).call(this)); }`;
  }

  #function(facts: FunctionFacts): string {
    const { node, isAsync, mayWait } = facts;
    if (!isAsync && !mayWait || facts.isPlain) return this.#plain(node, facts);
    const head = `(${this.#parameters(facts, facts)}) `;
    const star = isAsync || this.#passesOn(facts) ? "" : "*";
    const body = isAsync ? this.#task(facts) : this.#body(facts);
    if (node.type !== "ArrowFunctionExpression") {
      return `function${star} ${nameOf(node.id as Syntax)}${head}${body}`;
    }
    const text = `(function${star} ${head}${body})`;
    return usesThis(node.body as Syntax) ? `${text}.bind(this)` : text;
  }

  #method(node: Syntax, facts: FunctionFacts, place: Place): string {
    const key = node.key as Syntax;
    const name = node.computed ? `[${this.text(key, place)}]` : this.#plain(key, place);
    const star = facts.isAsync || this.#passesOn(facts) ? "" : "*";
    const head = `${node.static ? "static " : ""}${star}${name}`;
    const body = facts.isAsync ? this.#task(facts) : this.#body(facts);
    return `${head}(${this.#parameters(facts, facts)}) ${body}`;
  }

  #import({ source, specifiers }: Syntax): string {
    const from = this.#from(source as Syntax);
    const used = (specifiers as Syntax[]).filter(({ local }) =>
      this.#used.has(nameOf(local as Syntax))
    );
    if (used.length === 0) return ""; // types alone
    this.#imports.push(from);
    const parts = used.map((specifier) => {
      const local = nameOf(specifier.local as Syntax);
      if (specifier.type === "ImportNamespaceSpecifier") return { all: local };
      const imported = specifier.type === "ImportDefaultSpecifier"
        ? "default"
        : nameOf(specifier.imported as Syntax);
      return { one: `${imported}: ${local}` };
    });
    const call = `$import(${JSON.stringify(from)})`;
    const names = parts.flatMap(({ one }) => one ?? []);
    return [
      `const { ${names.join(", ")} } = ${call};`,
      ...parts.flatMap(({ all }) => all ? `const ${all} = ${call};` : []),
    ].join(" ");
  }

  /** The full name of an imported module. */
  #from({ value }: Syntax): string {
    const name = value as string;
    return /^\.\.?\//.test(name) ? new URL(name, this.#facts.name).href : name;
  }

  #export(node: Syntax, place: Place): string {
    const declaration = node.declaration as Syntax | null;
    if (!declaration) {
      const specifiers = node.specifiers as Syntax[];
      const source = node.source as Syntax | null;
      const names = specifiers.map(({ local, exported }) =>
        [nameOf(local as Syntax), nameOf(exported as Syntax)] as const
      );
      if (!source) {
        this.#exported.push(...names.map(([local, exported]) => `${exported}: ${local}`));
        return "";
      }
      const from = this.#from(source);
      this.#imports.push(from);
      this.#exported.push(
        ...names.map(([local, exported]) =>
          `${exported}: $import(${JSON.stringify(from)}).${local}`
        ),
      );
      return "";
    }
    const names = declaration.id
      ? [nameOf(declaration.id as Syntax)]
      : (declaration.declarations as Syntax[]).flatMap(({ id }) => namesIn(id as Syntax));
    this.#exported.push(...names);
    return this.text(declaration, place);
  }

  #problem({ start }: Syntax, what: string): SyntaxError {
    const line = this.#facts.source.slice(0, start).split("\n").length;
    return new SyntaxError(`Cannot rewrite ${what}: ${this.#facts.name}, line ${line}`);
  }
}

/** Names of a tree, without those that its imports make. */
function usedIn(node: Syntax): string[] {
  if (node.type === "ImportDeclaration") return [];
  if (node.type === "Identifier") return [node.name as string];
  return childrenOf(node).flatMap(usedIn);
}

/** Whether a call is part of a chain that may end before it. */
function isOptional(node: Syntax): boolean {
  if (node.type !== "CallExpression" && node.type !== "MemberExpression") return false;
  return node.optional === true || isOptional((node.callee ?? node.object) as Syntax);
}

function usesThis(node: Syntax): boolean {
  if (node.type === "ThisExpression") return true;
  if (/^(FunctionDeclaration|FunctionExpression|ClassBody)$/.test(node.type)) return false;
  return childrenOf(node).some(usesThis);
}

function hasForAwait(node: Syntax): boolean {
  if (node.type === "ForOfStatement" && node.await === true) return true;
  return !isFunction(node) && childrenOf(node).some(hasForAwait);
}
