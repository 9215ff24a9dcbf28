/** Arguments with which Node.js runs TypeScript, faster than with tsx: see loader.js. */
export const runTypeScript = ['--import', new URL('./loader.js', import.meta.url).href];
