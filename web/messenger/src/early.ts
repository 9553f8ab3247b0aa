/** Before the first paint: the theme and language that were chosen here, so that nothing flashes. As `appearance.ts` does it. */

try {
  const chosen = JSON.parse(localStorage.getItem("stonechat.appearance") ?? "{}") as { theme?: string; language?: string };
  const root = document.documentElement;
  if (chosen.theme === "light" || chosen.theme === "dark") {
    root.dataset.theme = chosen.theme;
  }
  const wanted = chosen.language ? [chosen.language] : navigator.languages;
  if (wanted.map((tag) => tag.slice(0, 2)).find((code) => code === "en" || code === "zh") === "zh") {
    root.lang = "zh-Hans";
  }
} catch {
  // Storage is closed to this page: the system's theme and English hold.
}

export {};
