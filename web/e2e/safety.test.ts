import { expect, test } from "vitest";
import { bubble, composer, eventually, open, row, shown, texts } from "./acts.ts";
import { stage } from "./stage.ts";

const here = stage();

/** Texts that would do something where they became markup. */
const HOSTILE = [
  "<script>globalThis.struck = 1</script>",
  '<img src="x" onerror="globalThis.struck = 1">',
  "<svg onload=globalThis.struck=1>",
  "<style>*{display:none}</style>",
  '"><iframe srcdoc="<script>parent.struck=1</script>"></iframe>',
  "javascript:globalThis.struck=1",
  "[click](javascript:globalThis.struck=1)",
  "${globalThis.struck=1}{{constructor.constructor('struck=1')()}}",
  "<b>bold</b> &lt;i&gt; &amp;",
];

test("texts of users stay texts, wherever they are shown", async () => {
  const [first, second] = here.people;
  const hostile = '<img src=x onerror="globalThis.struck=1">';
  await here.server.backend("PUT", "/users/mallory", { display_name: hostile.slice(0, 60) });
  const person = await here.person();
  const a = await person.signIn(first!.name);
  for (const text of HOSTILE) {
    await here.server.backend("POST", "/messages", { sender: second!.id, to_user: first!.id, text });
  }
  await here.server.backend("POST", "/messages", { sender: "mallory", to_user: first!.id, text: hostile });
  await open(a, second!.name);
  await shown(bubble(a, HOSTILE.at(-1)!));
  await eventually(async () => (await texts(a)).slice(-HOSTILE.length), HOSTILE);
  await row(a, hostile.slice(0, 60)).click();
  await shown(bubble(a, hostile));
  await a.getByRole("button", { name: "Details" }).click();
  await composer(a).fill(HOSTILE[1]!);
  await composer(a).press("Enter");
  await shown(bubble(a, HOSTILE[1]!));
  const made = await a.evaluate(() => {
    const all: Element[] = [];
    const walk = (root: Document | ShadowRoot) => {
      for (const element of root.querySelectorAll("*")) {
        all.push(element);
        if (element.shadowRoot) {
          walk(element.shadowRoot);
        }
      }
    };
    walk(document);
    return {
      struck: "struck" in globalThis,
      bad: all.filter((it) => it.matches("iframe, object, embed, img[src=x], script:not([src]), a[href^='javascript']")).map((it) => it.outerHTML),
      handlers: all.flatMap((it) => it.getAttributeNames()).filter((name) => /^on/.test(name)),
      styles: all.filter((it) => it.localName === "style").length,
    };
  });
  expect(made).toEqual({ struck: false, bad: [], handlers: [], styles: 0 });
});

test("the policy knows no exception, and the pages need none", async () => {
  const answer = await fetch(here.server.url);
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  const html = await answer.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/);
  // Violations are troubles of a person, which fail his leave; this one shows that they would be seen.
  const person = await here.person();
  const page = await person.signIn(here.people[0]!.name);
  await page.evaluate(() => {
    const script = document.createElement("style");
    script.textContent = "body{}";
    document.head.append(script);
  });
  await expect.poll(() => person.troubles.some((text) => /Content Security Policy/.test(text))).toBe(true);
  person.troubles.length = 0;
});

test("a link that brings somebody else's token asks before it signs in", async () => {
  const [first, second] = here.people;
  const person = await here.person();
  const page = await person.signIn(first!.name);
  const other = await person.tab(`/#token=${here.server.token(second!.id)}`);
  await shown(other.getByRole("button", { name: `Sign in as ${second!.id}` }));
  expect(new URL(other.url()).hash).toBe("");
  await other.getByRole("button", { name: `Stay ${first!.id}` }).click();
  await shown(other.getByRole("navigation", { name: "Main" }));
  await shown(page.getByRole("navigation", { name: "Main" }));
});
