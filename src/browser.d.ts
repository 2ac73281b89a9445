// What tsconfig.browser.json lets the browser's part of src/ name although no browser has it.

/** Of Node.js: how store/memory lets turns end unless it is told otherwise, which the store in a browser does. */
declare function setImmediate(task: () => void): unknown;
