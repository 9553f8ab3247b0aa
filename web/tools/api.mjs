// Writes docs/web-api.md from the types: what `@stonechat/sdk` and `@stonechat/react` export, and the elements of
// `@stonechat/ui` with their properties, events, slots, parts and custom properties. `--check` fails when the file is not
// current. Events, slots and parts are said at the class: `@fires name - what`, `@slot name - what`, `@csspart name - what`,
// `@cssprop --name - what`.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";
import { root } from "./root.mjs";

const target = join(root, "../docs/web-api.md");
const TYPE_FLAGS = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

function sourcesOf(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => join(root, folder, path))
    .sort();
}

function compile() {
  const { config } = ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const entries = ["sdk/src/index.ts", "react/src/index.ts", "react/src/panels.ts"].map((path) => join(root, path));
  return ts.createProgram([...entries, ...sourcesOf("ui/src")], { ...options, noEmit: true });
}

const program = compile();
const checker = program.getTypeChecker();

/** The first paragraphs of a comment, on one line, with links as code. */
function docOf(symbol) {
  return oneLine(ts.displayPartsToString(symbol.getDocumentationComment(checker)));
}

function oneLine(text) {
  return text.replace(/\{@link\s+([^}]+?)\s*\}/g, "`$1`").replace(/\s*\n\s*/g, " ").trim();
}

const inCell = (text) => text.replace(/\|/g, "\\|");
const code = (text) => `\`${inCell(text.replace(/\s+/g, " "))}\``;

function table(head, rows) {
  if (rows.length === 0) {
    return [];
  }
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map((row) => `| ${row.join(" | ")} |`), ""];
}

function typeOf(symbol, node) {
  return checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, node), node, TYPE_FLAGS);
}

/** A member as it is written, without its comment. */
function written(node) {
  return node.getText().replace(/^readonly\s+/, "").replace(/;$/, "");
}

function membersOf(declaration) {
  return declaration.members.filter((member) => member.name !== undefined).map((member) => {
    const symbol = checker.getSymbolAtLocation(member.name);
    return [code(written(member)), inCell(symbol === undefined ? "" : docOf(symbol))];
  });
}

function exportLines(symbol) {
  const found = targetOf(symbol);
  const declaration = found.declarations?.[0];
  if (declaration === undefined) {
    return [];
  }
  const lines = [`### \`${symbol.name}\``, "", docOf(found)];
  if (ts.isInterfaceDeclaration(declaration)) {
    return [...lines, "", ...table(["Member", "What"], membersOf(declaration))];
  }
  if (ts.isClassDeclaration(declaration)) {
    const type = checker.getDeclaredTypeOfSymbol(found);
    const rows = type.getProperties()
      .filter((member) => member.declarations?.some((it) => it.getSourceFile() === declaration.getSourceFile() && !isHidden(it)))
      .map((member) => [code(`${member.name}: ${typeOf(member, declaration)}`), inCell(docOf(member))]);
    return [...lines, "", ...table(["Member", "What"], rows)];
  }
  if (ts.isFunctionDeclaration(declaration)) {
    // Of one that is overloaded, what stands before its body.
    const declared = found.declarations.filter((it) => ts.isFunctionDeclaration(it) && (it.body === undefined || found.declarations.length === 1));
    const texts = declared.map((it) => symbol.name + checker.signatureToString(checker.getSignatureFromDeclaration(it), it, TYPE_FLAGS));
    return [...lines, "", "```ts", ...texts, "```", ""];
  }
  if (ts.isTypeAliasDeclaration(declaration)) {
    return [...lines, "", "```ts", declaration.type.getText().replace(/^ {2}/gm, ""), "```", ""];
  }
  return [...lines, "", "```ts", `${symbol.name}: ${typeOf(found, declaration)}`, "```", ""];
}

function isHidden(node) {
  const flags = ts.getCombinedModifierFlags(node);
  return (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 || node.name?.getText().startsWith("#");
}

function packageLines(title, entry, intro) {
  const source = program.getSourceFile(join(root, entry));
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) {
    return [];
  }
  const exported = checker.getExportsOfModule(module).slice();
  const place = (symbol) => {
    const declaration = targetOf(symbol).declarations?.[0];
    const file = declaration?.getSourceFile().fileName ?? "";
    const order = ["client.ts", "api.ts", "error.ts", "types.ts", "types-people.ts"].indexOf(basename(file));
    return [order < 0 ? 9 : order, file, declaration?.pos ?? 0];
  };
  exported.sort((left, right) => {
    const [a, b] = [place(left), place(right)];
    return a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0) || a[2] - b[2];
  });
  return [`## ${title}`, "", intro, "", ...exported.flatMap(exportLines)];
}

/* Elements */

/** The tags that a file defines, by class name. */
function tagsIn(source) {
  const tags = new Map();
  const visit = (node) => {
    if (ts.isClassDeclaration(node)) {
      for (const decorator of ts.getDecorators(node) ?? []) {
        const call = decorator.expression;
        if (ts.isCallExpression(call) && ts.isStringLiteralLike(call.arguments[0] ?? node)) {
          tags.set(node.name.text, call.arguments[0].text);
        }
      }
    }
    if (ts.isCallExpression(node) && node.arguments.length >= 2) {
      const [name, value] = node.arguments;
      if (ts.isStringLiteralLike(name) && name.text.startsWith("stonechat-") && ts.isIdentifier(value)) {
        tags.set(value.text, name.text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return tags;
}

function tagRows(node, name) {
  const rows = [];
  for (const tag of ts.getJSDocTags(node)) {
    if (tag.tagName.text === name) {
      const text = oneLine(ts.getTextOfJSDocComment(tag.comment) ?? "");
      const split = /^(\S+)?\s*-?\s*(.*)$/s.exec(text);
      rows.push([code(split?.[1] ?? ""), inCell(split?.[2] ?? "")]);
    }
  }
  return rows;
}

/** The properties that Lit watches, of a class and of the classes of the kit that it extends. */
function propertiesOf(declaration) {
  const rows = [];
  const type = checker.getTypeAtLocation(declaration);
  for (const symbol of type.getProperties()) {
    const member = symbol.valueDeclaration;
    if (member === undefined || isHidden(member)) {
      continue;
    }
    const decorator = (ts.canHaveDecorators(member) ? ts.getDecorators(member) ?? [] : [])
      .find((it) => ts.isCallExpression(it.expression) && it.expression.expression.getText() === "property");
    if (decorator === undefined) {
      continue;
    }
    const options = decorator.expression.arguments[0]?.getText() ?? "";
    const attribute = /attribute:\s*false/.test(options) ? "" : /attribute:\s*"([^"]+)"/.exec(options)?.[1] ?? symbol.name.toLowerCase();
    rows.push([code(symbol.name), attribute === "" ? "" : code(attribute), code(typeOf(symbol, member)), inCell(docOf(symbol))]);
  }
  return rows;
}

/** What others call on an element: its own methods, without those that Lit or the browser calls. */
const LIFECYCLE = /^(connectedCallback|disconnectedCallback|attributeChangedCallback|render|updated|firstUpdated|willUpdate|update|performUpdate|scheduleUpdate|read|emit|t)$/;

function methodsOf(declaration) {
  return declaration.members
    .filter((member) => (ts.isMethodDeclaration(member) || ts.isGetAccessorDeclaration(member)) && !isHidden(member) && !LIFECYCLE.test(member.name.getText()))
    .map((member) => [member, checker.getSymbolAtLocation(member.name)])
    // What is said of nothing is there for the kit itself.
    .filter(([, symbol]) => docOf(symbol) !== "")
    .map(([member, symbol]) => {
      const signature = ts.isMethodDeclaration(member)
        ? checker.signatureToString(checker.getSignatureFromDeclaration(member), member, TYPE_FLAGS)
        : `: ${typeOf(symbol, member)}`;
      return [code(`${symbol.name}${signature}`), inCell(docOf(symbol))];
    });
}

/** What a package of elements exports, by its entries. */
function exportsOf(entries) {
  return entries.flatMap((entry) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, entry)));
    return checker.getExportsOfModule(module);
  });
}

/** The sources of the ways into a package. */
function entriesOf(name) {
  const { exports } = JSON.parse(readFileSync(join(root, name, "package.json"), "utf8"));
  return Object.values(exports).flatMap((entry) => entry["stonechat-source"] ?? []).map((path) => join(name, path));
}

function targetOf(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

const declarationOf = (symbol) => targetOf(symbol).declarations?.[0];

function classOf(symbol) {
  const node = declarationOf(symbol);
  return node !== undefined && ts.isClassDeclaration(node) ? node : undefined;
}

/** The elements that a page may use; others are parts of them. */
function elementLines(exported) {
  const nodes = new Set(exported.map(classOf));
  const elements = [...nodes].flatMap((node) => {
    const tag = node && tagsIn(node.getSourceFile()).get(node.name.text);
    return tag === undefined ? [] : [{ tag, node }];
  });
  elements.sort((a, b) => (a.tag < b.tag ? -1 : 1));
  return elements.flatMap(({ tag, node }) => {
    const symbol = checker.getSymbolAtLocation(node.name);
    return [
      `### \`<${tag}>\``, "", `Class \`${node.name.text}\`. ${docOf(symbol) || headOf(node.getSourceFile(), tag)}`.trim(), "",
      ...table(["Property", "Attribute", "Type", "What"], propertiesOf(node)),
      ...table(["Member", "What"], methodsOf(node)),
      ...table(["Event", "When"], tagRows(node, "fires")),
      ...table(["Slot", "What"], tagRows(node, "slot")),
      ...table(["Part", "What"], tagRows(node, "csspart")),
      ...table(["Custom property", "What"], tagRows(node, "cssprop")),
    ];
  });
}

/** What the comment at the head of a file says of its element. */
function headOf(source, tag) {
  const text = /^\/\*\*([^]*?)\*\//.exec(source.text)?.[1] ?? "";
  const said = oneLine(text.replace(/^\s*\* ?/gm, "")).replace(`\`<${tag}>\`: `, "");
  return said.startsWith("`<") ? "" : said.charAt(0).toUpperCase() + said.slice(1);
}

/** What the events of the kit carry. */
function eventLines() {
  const source = program.getSourceFile(join(root, "ui/src/base/events.ts"));
  const events = source.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === "StonechatEvents");
  const rows = events.members.map((member) => {
    const name = member.name.text;
    return [code(name), code(member.type.getText()), inCell(docOf(checker.getSymbolAtLocation(member.name)))];
  });
  return ["### Events", "", "They bubble through shadow roots, and `preventDefault` is how a page says that it does it itself.", "",
    ...table(["Event", "`detail`", "What"], rows)];
}

function tokenLines() {
  const css = readFileSync(join(root, "ui/src/tokens.css"), "utf8");
  const rows = [...css.matchAll(/^ {2}(--stonechat-[\w-]+):\s*([^;]+);[ \t]*(?:\/\*\s*(.*?)\s*\*\/)?/gm)];
  const seen = new Map(rows.reverse().map(([, name, value, what]) => [name, [code(name), code(value), inCell(what ?? "")]]));
  return table(["Token", "Value", "Use"], [...seen.values()].reverse());
}

function document() {
  // What an entry only names the types of is in another.
  const named = exportsOf(entriesOf("ui"));
  const kit = named.filter((symbol, at) => named.findIndex((other) => declarationOf(other) === declarationOf(symbol)) === at);
  const lines = [
    "<!-- Made by `node web/tools/api.mjs` from the types; change those, not this. -->", "",
    "# The web packages", "",
    "How to begin is in [quickstart-web.md](quickstart-web.md).", "",
    ...packageLines("`@stonechat/sdk`", "sdk/src/index.ts", "Concepts and state without a framework. Values are immutable and equal by reference while they are unchanged."),
    "## `@stonechat/ui`", "",
    "Custom elements. They find the account at the nearest `<stonechat-provider>`, or are given one as `account`. Properties without an attribute are set by script. Timeline, composer and what belongs to them are in `@stonechat/ui/conversation`, details, settings and what else opens beside a conversation in `@stonechat/ui/panels`; `<stonechat-chat>` loads both itself.", "",
    ...elementLines(kit),
    ...eventLines(),
    ...kit.filter((symbol) => classOf(symbol) === undefined || !tagsIn(classOf(symbol).getSourceFile()).has(classOf(symbol).name.text)).flatMap(exportLines),
    "### Tokens", "",
    "Every value of the look is a custom property; set it on the page or on the provider to change it.", "",
    ...tokenLines(),
    ...packageLines("`@stonechat/react`", "react/src/index.ts", "The elements as components, and values as hooks."),
    ...packageLines("`@stonechat/react/panels`", "react/src/panels.ts", "What opens beside a conversation."),
  ];
  return `${lines.join("\n").replace(/\n{3,}/g, "\n\n").trim()}\n`;
}

const made = document();
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== made) {
    console.error("docs/web-api.md is not current: run `node web/tools/api.mjs`.");
    process.exit(1);
  }
} else {
  writeFileSync(target, made);
}
