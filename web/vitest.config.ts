import { defineConfig } from "vitest/config";

const resolve = { conditions: ["stonechat-source", "import", "default"] };
const ssr = { resolve: { conditions: resolve.conditions } };

export default defineConfig({
  test: {
    projects: [
      { resolve, ssr, test: { name: "sdk", include: ["sdk/test/**/*.test.ts"], environment: "node" } },
      { resolve, ssr, test: { name: "ui", include: ["ui/test/**/*.test.ts"], environment: "node" } },
      { resolve, ssr, test: { name: "react", include: ["react/test/**/*.test.ts"], environment: "node" } },
      { resolve, ssr, test: { name: "messenger", include: ["messenger/test/**/*.test.ts"], environment: "node" } },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          environment: "node",
          fileParallelism: false,
          // Of the pictures, each in a browser context of its own.
          maxConcurrency: 3,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // A busy machine may be late; what never comes is told all the same.
          expect: { poll: { timeout: 10_000 } },
        },
      },
    ],
  },
});
