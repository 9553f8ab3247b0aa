import { expect, test } from "vitest";
import { pathOf, type Route, routeOf } from "../src/routes.ts";

const id = "g_abcdefghijklmnopqrstuvwxyz";

test("an address says what is shown, and back", () => {
  const routes: [string, Route][] = [
    ["/", { kind: "chats" }],
    [`/c/${id}`, { kind: "conversation", id, message: null }],
    [`/c/${id}/17`, { kind: "conversation", id, message: 17 }],
    ["/contacts", { kind: "contacts" }],
    ["/starred", { kind: "starred" }],
    ["/settings", { kind: "settings", section: null }],
    ["/settings/privacy", { kind: "settings", section: "privacy" }],
  ];
  for (const [path, route] of routes) {
    expect(routeOf(path)).toEqual(route);
    expect(routeOf(`${path}/`)).toEqual(route);
    expect(pathOf(route)).toBe(path);
  }
});

test("what nobody could have shown is the list", () => {
  for (const path of ["/c", "/c/", "/c/x", "/c/g_ABCDEFGHIJKLMNOPQRSTUVWXYZ", "/c/%", "/%ff", "/elsewhere", "/c/x_abc"]) {
    expect(routeOf(path), path).toEqual({ kind: "chats" });
  }
  expect(routeOf(`/c/${id}/0`)).toEqual({ kind: "conversation", id, message: null });
  expect(routeOf(`/c/${id}/<b>`)).toEqual({ kind: "conversation", id, message: null });
});
