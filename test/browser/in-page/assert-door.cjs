// `node:assert/strict` of a page: what CommonJS exports is the default of whoever imports it.
module.exports = require('./node-assert.fixture.ts').ASSERT;
