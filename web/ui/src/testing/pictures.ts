/** Pictures of invented people and groups, as addresses that need no server. */

const DRAWN = {
  ridge: '<rect width="48" height="48" fill="#c9d6dd"/><circle cx="34" cy="14" r="5" fill="#f3e3c0"/><path d="M0 34 14 18l9 10 7-7 18 17v10H0z" fill="#7f95a3"/><path d="M0 42 12 31l10 8 9-6 17 10v5H0z" fill="#4f6674"/>',
  boat: '<rect width="48" height="48" fill="#d4e2e2"/><path d="M23 9v23H9z" fill="#f7f3ea"/><path d="M26 14c6 4 9 10 9 18h-9z" fill="#b8562b"/><path d="M8 34h31c-2 5-6 7-15 7s-14-2-16-7z" fill="#3c5a66"/>',
  dunes: '<rect width="48" height="48" fill="#f0dcc0"/><circle cx="15" cy="15" r="6" fill="#fff3da"/><path d="M0 30c12-8 22-7 30-2 7 4 12 4 18 2v18H0z" fill="#d39d68"/><path d="M0 39c10-6 20-6 28-2 8 3 14 3 20 1v10H0z" fill="#a86b3c"/>',
  night: '<rect width="48" height="48" fill="#39405a"/><circle cx="27" cy="20" r="9" fill="#efe6cf"/><circle cx="31" cy="17" r="8" fill="#39405a"/><path d="M0 38c8-5 14-5 22-1s17 3 26-2v13H0z" fill="#22283d"/><circle cx="11" cy="12" r="1" fill="#efe6cf"/><circle cx="40" cy="29" r=".8" fill="#efe6cf"/>',
  cup: '<rect width="48" height="48" fill="#efd9c5"/><path d="M13 21h20v9a8 8 0 0 1-8 8h-4a8 8 0 0 1-8-8z" fill="#9d4e2c"/><path d="M33 23h2.5a4 4 0 0 1 0 8H33" stroke="#9d4e2c" stroke-width="2.6" fill="none"/><path d="M19 16c-1.5-2 1.5-3 0-5.5M26 16c-1.5-2 1.5-3 0-5.5" stroke="#c08a68" stroke-width="2" fill="none" stroke-linecap="round"/>',
  leaf: '<rect width="48" height="48" fill="#e4e3cf"/><path d="M12 37C10 22 20 11 38 10c0 18-9 28-24 27z" fill="#7d9468"/><path d="M11 40C17 30 23 23 31 17" stroke="#52683f" stroke-width="2" fill="none" stroke-linecap="round"/>',
};

export function picture(name: keyof typeof DRAWN): string {
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">${DRAWN[name]}</svg>`)}`;
}
