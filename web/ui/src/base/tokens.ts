/** The tokens for pages that did not link `tokens.css`: a component alone on a page looks right too. */

let adopted = false;

/**
 * Puts the tokens into the document, in a layer, so that whatever the page itself says of a token goes before. They stand
 * in the document and not in a shadow root, because a `@font-face` counts only there.
 */
export function adoptTokens(): void {
  if (adopted) return;
  adopted = true;
  if (getComputedStyle(document.documentElement).getPropertyValue("--stonechat-color-text")) return;
  void import("./tokens-sheet.ts").then(({ TOKENS }) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`@layer stonechat{${TOKENS}}`);
    document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
  });
}
