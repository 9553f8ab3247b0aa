/** The bird on its pebbles, for pages that have nothing else to show yet. */

import { html, type TemplateResult } from "lit";
import "../loaded.ts";

export const bird: TemplateResult = html`<svg class="perch" viewBox="0 0 168 126" aria-hidden="true">
  <circle class="disc" cx="84" cy="60" r="63" />
  <path d="M57 74 30 96.5c-1.4 1.2-.6 3.2 1.2 3.3l9 .2c1 0 1.9-.4 2.6-1.1L68 82z" fill="#3a3029" />
  <path d="M83 86.5v13M92.5 86.5v13" stroke="#3a3029" stroke-width="2.6" stroke-linecap="round" />
  <path d="M53 72c0-18 15-33 37-33 17 0 27 10 27 24 0 16-14 27-34 27-18 0-30-7-30-18z" fill="#e9d6c3" />
  <path d="M76 84c-4-14 2-36 20-43 14 1 21 10 21 22 0 11-8 20-19 23-9 1.5-17 .5-22-2z" fill="#c2602f" />
  <path d="M53 72c0-15 10-28 26-32 6 8 8 20 1 31-6 9-17 14-26 15.5-2-2-1-10-1-14.5z" fill="#4a3d34" />
  <path d="M57 82c10-1.5 19-7 23-15" stroke="#6b5a4d" stroke-width="2" fill="none" stroke-linecap="round" />
  <path d="M80 46c4 1 9 5 10 11 .3 2-2 3-3.6 1.7-4-3.4-6.8-7.7-6.4-12.7z" fill="#fbf6ef" />
  <path d="M82 34c0-10.5 8-18 18.5-18 8.5 0 15.5 4.8 17.8 12l9.2 4.4c1.1.55 1 2.1-.2 2.5L118 38c-2.4 8-9.5 13-18 13-10.5 0-18-7-18-17z" fill="#2a231f" />
  <circle cx="107.5" cy="29.5" r="2.6" fill="#fbf6ef" /><circle cx="108.1" cy="29.7" r="1.5" fill="#15100d" />
  <path d="M44 112c1-8 17-13.5 42-13.5s43 4.5 43 12.5-18 12-43.5 12S43 119 44 112z" fill="#a89e94" />
  <path d="M52 107c6-4.5 18-6.5 34-6.5" stroke="#c4bbb1" stroke-width="2.5" fill="none" stroke-linecap="round" />
  <path d="M112 117c0-5 7-8.5 17-8.5s18 3 18 8-8 7.5-18 7.5-17-2.5-17-7z" fill="#c8bfb5" />
  <path d="M24 119.5c0-4 6-6.5 13.5-6.5S51 115.5 51 119.5s-5.5 5-13.5 5S24 123.5 24 119.5z" fill="#877d74" />
</svg>`;
