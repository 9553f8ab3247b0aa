// What a bundler leaves as it is: the styles in templates. They are the same for a browser without their spaces.
import { transform } from "esbuild";
import { readFile } from "node:fs/promises";

/** A template of styles, in which nothing is put; the words of a comment that name one are none. */
const TEMPLATE = /(?<=[ ([\n])css`((?:[^`\\$]|\\.|\$(?!\{))*)`/g;

async function withSmallStyles(code) {
  const styles = [...new Set([...code.matchAll(TEMPLATE)].map(([, css]) => css))];
  const small = new Map();
  for (const css of styles) {
    const { code: text, warnings } = await transform(css.replaceAll("\\\\", "\\"), { loader: "css", minify: true, charset: "utf8" });
    if (warnings.length > 0) {
      throw new Error(`styles that are none: ${warnings[0].text}`);
    }
    small.set(css, text.trim().replaceAll("\\", "\\\\"));
  }
  return code.replace(TEMPLATE, (_, css) => `css\`${small.get(css)}\``);
}

/** For every build that is served or published, so that tests of pages see what people get. */
export const minifyStyles = {
  name: "minify-styles",
  setup({ onLoad }) {
    onLoad({ filter: /\/(ui|messenger|gallery)\/src\/.*\.ts$/ }, async ({ path }) => {
      const code = await readFile(path, "utf8");
      return { contents: code.includes("css`") ? await withSmallStyles(code) : code, loader: "ts" };
    });
  },
};
