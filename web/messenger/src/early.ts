/** Before the first paint: the theme, language and direction that were chosen here, so that nothing flashes. */

try {
  const chosen = JSON.parse(localStorage.getItem("stonechat.appearance") ?? "{}") as Record<string, unknown>;
  const root = document.documentElement;
  if (chosen.theme === "light" || chosen.theme === "dark") {
    root.dataset.theme = chosen.theme;
  }
  const language = typeof chosen.language === "string" ? chosen.language : navigator.language;
  root.lang = /^zh\b/.test(language) ? "zh-Hans" : "en";
} catch {
  // Storage is closed to this page: the system's theme and English hold.
}
