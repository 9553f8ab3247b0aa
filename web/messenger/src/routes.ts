/** What the address says is shown, and the address of what is shown. */

export type Route =
  | { readonly kind: "chats" }
  /** `message` is the seq of one to go to. */
  | { readonly kind: "conversation"; readonly id: string; readonly message: number | null }
  | { readonly kind: "contacts" }
  | { readonly kind: "starred" }
  | { readonly kind: "settings"; readonly section: string | null };

export function routeOf(path: string): Route {
  const [first = "", second = "", third = ""] = path.split("/").filter(Boolean).map(decoded);
  switch (first) {
    case "c":
      return /^[dgc]_[a-z0-9_]{1,40}$/.test(second)
        ? { kind: "conversation", id: second, message: /^[1-9]\d{0,14}$/.test(third) ? Number(third) : null }
        : { kind: "chats" };
    case "contacts":
      return { kind: "contacts" };
    case "starred":
      return { kind: "starred" };
    case "settings":
      return { kind: "settings", section: second || null };
    default:
      return { kind: "chats" };
  }
}

export function pathOf(route: Route): string {
  switch (route.kind) {
    case "chats":
      return "/";
    case "conversation":
      return `/c/${route.id}${route.message === null ? "" : `/${route.message}`}`;
    case "settings":
      return route.section === null ? "/settings" : `/settings/${encodeURIComponent(route.section)}`;
    default:
      return `/${route.kind}`;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
