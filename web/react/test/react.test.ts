import { createElement, type ReactElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import type { Readable } from "@stonechat/sdk";
import { Chat, Provider, Timeline, useReadable, useTimeline } from "../src/index.ts";
import { Settings } from "../src/panels.ts";

const fixed = <T>(value: T): Readable<T> => ({
  get: () => value,
  subscribe: (listener) => {
    listener(value);
    return () => undefined;
  },
});

test("a server renders the value of now", () => {
  const Unread = (): ReactElement => createElement("b", null, useReadable(fixed(7)));
  expect(renderToString(createElement(Unread))).toBe("<b>7</b>");
});

test("a value that is not there yet has its stand-in", () => {
  const Title = (): ReactElement => createElement("b", null, useReadable<string, string>(null, "no title"));
  expect(renderToString(createElement(Title))).toBe("<b>no title</b>");
});

test("a timeline that is not open yet has no items", () => {
  const Lines = (): ReactElement => {
    const { items, timeline, error } = useTimeline(null);
    return createElement("b", null, JSON.stringify([items, timeline, error]));
  };
  expect(renderToString(createElement(Lines))).toBe("<b>[[],null,null]</b>");
});

test("components become the elements of the kit, with their attributes, in Node too", () => {
  const page = createElement(Provider, { language: "en", theme: "dark" },
    createElement(Chat, { page: "contacts", onShown: () => undefined }), createElement(Timeline, { conversation: "g_1" }), createElement(Settings, { section: "devices" }));
  const markup = renderToString(page);
  expect(markup).toContain("<stonechat-provider");
  expect(markup).toMatch(/<stonechat-provider[^>]*><stonechat-chat[^>]*><\/stonechat-chat><stonechat-timeline[^>]*><\/stonechat-timeline><stonechat-settings/);
});
