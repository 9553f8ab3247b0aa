/** The messenger's own words; those of chat itself are the kit's. */
export const en = {
  "signin.who": "Who would you like to be?",
  "signin.demo": "Demo mode. Everyone here is invented, and whoever opens this page on this computer can be any of them. Open a second window to talk to yourself.",
  "signin.app": "Your app opens this page for you. Go back to it and choose chat.",
  "signin.token": "Or sign in with a token",
  "signin.token_first": "Sign in with a token",
  "signin.go": "Sign in",
  "signin.no_token": "This is no token. It has three parts with dots between them.",
  "signin.ended_token": "This token ended at {time}. Ask your app for a new one.",
  "signin.refused": "The server did not take this token. Ask your app for a new one.",
  "signin.unreachable": "Stonechat cannot be reached. This page tries again by itself.",
  "signin.other": "{name} is signed in here. Signing in as {other} keeps the two apart.",
  "signin.as": "Sign in as {name}",
  "signin.stay": "Stay {name}",
  "signin.opening": "Opening your conversations",
  "signin.language": "Language",
  "start.storage": "This browser could not open its storage",
  "start.storage_text": "It may be full, or closed to this page. Reload to try again.",
  "start.reload": "Reload",
  "note.conversations": "In {n} conversations",
  "notify.wordless": "New message",
  "notify.line": "{name}: {text}",
} as const;

export type Key = keyof typeof en;
