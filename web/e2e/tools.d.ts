declare module "*/tools/world.mjs" {
  export function buildWorld(out: string): Promise<unknown>;
}
declare module "*/tools/serve.mjs" {
  export function serve(options?: { dist?: string; listen?: number }): Promise<{ readonly url: string; close(): Promise<void> }>;
}
declare module "pixelmatch" {
  export default function pixelmatch(a: Uint8Array, b: Uint8Array, diff: Uint8Array | null, width: number, height: number, options?: { threshold?: number }): number;
}
declare module "pngjs" {
  export class PNG {
    static sync: { read(bytes: Uint8Array): PNG; write(png: PNG): Uint8Array };
    constructor(size: { width: number; height: number });
    readonly width: number;
    readonly height: number;
    readonly data: Uint8Array;
  }
}
