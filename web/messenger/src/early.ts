/** Before the first paint: what was chosen for this browser, so that nothing flashes. As `choices.ts` does it. */

try {
  const chosen = JSON.parse(localStorage.getItem("stonechat.choices") ?? "{}") as { theme?: string; textSize?: string; language?: string };
  const root = document.documentElement;
  if (chosen.theme === "light" || chosen.theme === "dark") {
    root.dataset.theme = chosen.theme;
  }
  root.dataset.text = chosen.textSize ?? "standard";
  // The SDK keeps there who signed in last, for each server and app.
  if (Object.keys(localStorage).some((key) => key.startsWith("stonechat:user:"))) {
    root.dataset.signedIn = "";
  }
  const wanted = chosen.language ? [chosen.language] : navigator.languages;
  if (wanted.map((tag) => tag.slice(0, 2)).find((code) => code === "en" || code === "zh") === "zh") {
    root.lang = "zh-Hans";
  }
} catch {
  // Storage is closed to this page: the system's theme and English hold.
}

export {};
